// Package s3 keeps objects in a bucket of S3, or of a server that speaks its protocol.
//
// It promises what package object does. What it rests on, and checks before its first conditional write, is that the server
// honours If-None-Match: * (S3 since August 2024; MinIO, R2, versitygw, Ceph from Squid on): one that does not would let two
// commits of a Delta log have one version.
//
//	object.Store       request                            answer that is not success
//	PutIfAbsent        PUT, If-None-Match: *              412: ErrExist; 409, 429, 503 or no connection: again; else ErrInDoubt
//	Upload             PUT, or parts from PartSize on,    the same, but a lost answer is looked up: the object carries the
//	                   If-None-Match: * on the last one   upload's own id
//	Get, List, Delete  GET, ListObjectsV2, DELETE         404: ErrNotExist; 403: ErrDenied; else again, then ErrUnavailable
//
// Memory: PartSize for each Upload that is being written, a few blocks of 1 MB for each open Object.
package s3
