package overload

import "github.com/tarndb/tarn/sql/bind/lexicon"

// Resolver chooses between the objects that its lexicon finds.
type Resolver struct{ lexicon.Lexicon }
