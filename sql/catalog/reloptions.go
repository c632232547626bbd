package catalog

import (
	"slices"
	"strconv"
)

// RelOptions are the storage parameters of a relation (pg_class.reloptions), in the order in which they were given. They are
// values: what changes them returns new ones.
type RelOptions []RelOption

// RelOption is one of them; true is a value like others.
type RelOption struct{ Name, Value string }

// Get looks a parameter up.
func (o RelOptions) Get(name string) (value string, ok bool) {
	for _, x := range o {
		if x.Name == name {
			return x.Value, true
		}
	}
	return "", false
}

// Has reports whether a parameter is given.
func (o RelOptions) Has(name string) bool {
	_, ok := o.Get(name)
	return ok
}

// Int is a parameter that is a number; ok is false if it is not given.
func (o RelOptions) Int(name string) (n int, ok bool) {
	v, ok := o.Get(name)
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(v)
	return n, err == nil
}

// Without is o less some names.
func (o RelOptions) Without(names ...string) RelOptions {
	return slices.DeleteFunc(slices.Clone(o), func(x RelOption) bool { return slices.Contains(names, x.Name) })
}

// With is o where the given ones replace others of their name and stand last (transformRelOptions of reloptions.c).
func (o RelOptions) With(given ...RelOption) RelOptions {
	return append(o.Without(RelOptions(given).Names()...), given...)
}

// Names are the names of all.
func (o RelOptions) Names() []string {
	names := make([]string, len(o))
	for i, x := range o {
		names[i] = x.Name
	}
	return names
}
