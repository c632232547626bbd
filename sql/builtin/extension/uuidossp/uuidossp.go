// Package uuidossp implements the extension uuid-ossp: UUIDs of versions 1, 3, 4 and 5 (RFC 4122).
package uuidossp

import (
	"crypto/rand"

	"github.com/google/uuid"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// Family is what this package implements.
func Family() call.Family {
	constant := func(id uuid.UUID) call.Fn {
		return func(*call.Call, []types.Datum) (types.Datum, error) { return datum(id), nil }
	}
	return call.Family{Fns: call.Fns{
		"uuid_nil": constant(uuid.Nil), "uuid_ns_dns": constant(uuid.NameSpaceDNS), "uuid_ns_url": constant(uuid.NameSpaceURL),
		"uuid_ns_oid": constant(uuid.NameSpaceOID), "uuid_ns_x500": constant(uuid.NameSpaceX500),
		"uuid_generate_v1": generated(uuid.NewUUID), "uuid_generate_v1mc": generated(multicast), "uuid_generate_v4": generated(uuid.NewRandom),
		"uuid_generate_v3": named(uuid.NewMD5), "uuid_generate_v5": named(uuid.NewSHA1),
	}}
}

func datum(id uuid.UUID) types.Datum { return tuple.Bytes(append([]byte(nil), id[:]...)) }

func generated(f func() (uuid.UUID, error)) call.Fn {
	return func(*call.Call, []types.Datum) (types.Datum, error) {
		id, err := f()
		return datum(id), err
	}
}

func named(f func(space uuid.UUID, name []byte) uuid.UUID) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		return datum(f(uuid.UUID(a[0].Bytes()), a[1].Bytes())), nil
	}
}

// multicast is version 1 with a random address in place of the machine's: a multicast one, which no network card has.
func multicast() (uuid.UUID, error) {
	id, err := uuid.NewUUID()
	if err != nil {
		return id, err
	}
	node := id[10:]
	if _, err := rand.Read(node); err != nil {
		return id, err
	}
	node[0] |= 3 // multicast, locally administered
	return id, nil
}
