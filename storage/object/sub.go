package object

import (
	"context"
	"strings"
)

// Sub returns the part of s below prefix as a store of its own. Keys cannot leave it.
func Sub(s Store, prefix string) Store {
	prefix = strings.Trim(prefix, "/") + "/"
	if p, ok := s.(*sub); ok {
		return &sub{p.s, p.prefix + prefix}
	}
	return &sub{s, prefix}
}

type sub struct {
	s      Store
	prefix string // ends in a slash
}

var _ Store = (*sub)(nil)

func (p *sub) key(k string) (string, error) { return p.prefix + k, CheckKey(k) }

func (p *sub) Put(ctx context.Context, key string, data []byte) error {
	k, err := p.key(key)
	if err != nil {
		return err
	}
	return p.s.Put(ctx, k, data)
}

func (p *sub) PutIfAbsent(ctx context.Context, key string, data []byte) error {
	k, err := p.key(key)
	if err != nil {
		return err
	}
	return p.s.PutIfAbsent(ctx, k, data)
}

func (p *sub) Create(ctx context.Context, key string) (Upload, error) {
	k, err := p.key(key)
	if err != nil {
		return nil, err
	}
	return p.s.Create(ctx, k)
}

func (p *sub) Get(ctx context.Context, key string) ([]byte, error) {
	k, err := p.key(key)
	if err != nil {
		return nil, err
	}
	return p.s.Get(ctx, k)
}

func (p *sub) GetRange(ctx context.Context, key string, off, n int64) ([]byte, error) {
	k, err := p.key(key)
	if err != nil {
		return nil, err
	}
	return p.s.GetRange(ctx, k, off, n)
}

func (p *sub) Open(ctx context.Context, key string) (Object, error) {
	k, err := p.key(key)
	if err != nil {
		return nil, err
	}
	return p.s.Open(ctx, k)
}

func (p *sub) List(ctx context.Context, prefix, after string) ([]Info, error) {
	if after != "" {
		after = p.prefix + after
	}
	infos, err := p.s.List(ctx, p.prefix+prefix, after)
	for i := range infos {
		infos[i].Key = infos[i].Key[len(p.prefix):]
	}
	return infos, err
}

func (p *sub) Delete(ctx context.Context, key string) error {
	k, err := p.key(key)
	if err != nil {
		return err
	}
	return p.s.Delete(ctx, k)
}

func (p *sub) Link(ctx context.Context, src, dst string) error {
	s, err := p.key(src)
	if err != nil {
		return err
	}
	d, err := p.key(dst)
	if err != nil {
		return err
	}
	return p.s.Link(ctx, s, d)
}

func (p *sub) Sweep(ctx context.Context, prefix string) error { return p.s.Sweep(ctx, p.prefix+prefix) }

func (p *sub) LocalFile(ctx context.Context, key string, size int64) (string, func(), error) {
	k, err := p.key(key)
	if err != nil {
		return "", nil, err
	}
	return p.s.LocalFile(ctx, k, size)
}

func (p *sub) URL(key string) string { return p.s.URL(p.prefix + key) }
