package types

var jsonCodec, jsonbCodec = noCodec, noCodec
