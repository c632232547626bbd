package mirror

import (
	"cmp"
	"encoding/json"
	"math/big"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/storage/delta"
	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/tuple"
)

// Rows of a table are clustered by columns when each of its files has a piece of Hilbert's curve through the space of the columns'
// ranks: then a file's bounds are narrow in all of them, and a query that asks for a part of one reads few files. The curve is better
// than Z-order's because its pieces are connected. Within a file rows stay in row-id order, as the deletion of rows needs it.
//
// Files that were written together are a cube. Those of later publications are loose; when they have become many they are made a
// cube, together with cubes that are not much larger than they, so that a row is rewritten a logarithmic number of times.

const (
	// optClusterBy is the table's option: attribute numbers (sql/database writes the schema).
	optClusterBy = "cluster_by"
	// tagCube of an add names columns and cube of a clustered file.
	tagCube = "tarn.cube"
	// clusterProvider stands in adds of clustered files.
	clusterProvider = "tarn"

	domainClustering = "delta.clustering"
)

// clustering says by which columns rows are clustered.
type clustering struct {
	columns []int // places in mapping.columns
	tag     string
}

// clustering is how the table is to be clustered, nil: it is not.
func (m *mapping) clustering() *clustering {
	if m == nil {
		return nil
	}
	v := option(m.schema, optClusterBy)
	if v == "" {
		return nil
	}
	var atts []int16
	for _, s := range strings.Split(v, ",") {
		if n, err := strconv.ParseInt(s, 10, 16); err == nil {
			atts = append(atts, int16(n))
		}
	}
	return m.clusteringBy(atts)
}

// clusteringBy is a clustering by columns; those that the mapping lacks do not count.
func (m *mapping) clusteringBy(atts []int16) *clustering {
	c := &clustering{}
	var names []string
	for _, a := range atts {
		i := slices.IndexFunc(m.columns, func(x column) bool { return x.AttNum == a })
		if i >= 0 && m.columns[i].rank() != nil {
			c.columns = append(c.columns, i)
			names = append(names, strconv.Itoa(int(a)))
		}
	}
	if len(names) == 0 {
		return nil
	}
	c.tag = strings.Join(names, ",")
	return c
}

// clusteringTag is "" for a table that is not clustered.
func (m *mapping) clusteringTag() string {
	if c := m.clustering(); c != nil {
		return c.tag
	}
	return ""
}

// rank orders values of a column as they stand in files, for clustering; nil: they have no order.
func (c *column) rank() func(a, b tuple.Value) int {
	if f := c.typ.Order(); f != nil {
		return f
	}
	switch c.typ.ID {
	case parquet.Float, parquet.Double:
		return func(a, b tuple.Value) int { return cmp.Compare(a.Float(), b.Float()) }
	case parquet.Decimal:
		return func(a, b tuple.Value) int { return int128(a).Cmp(int128(b)) }
	}
	return nil
}

func int128(v tuple.Value) *big.Int {
	if v.IsScalar() {
		return big.NewInt(v.Int())
	}
	return parquet.Int128(v.Bytes())
}

// cube splits a file's tag into the columns by which it is clustered and what the files of one cube have in common; "": it is loose.
func (s *fileState) cube() (by, cube string) {
	if s.add == nil {
		return "", ""
	}
	tag := s.add.Tags[tagCube]
	by, _, _ = strings.Cut(tag, "/")
	return by, tag
}

// clusteringDomain is the domain that tells other engines of the clustering; nil: it is as the snapshot has it.
func (m *mapping) clusteringDomain(snap *delta.Snapshot) *delta.DomainMetadata {
	names := [][]string{}
	if c := m.clustering(); c != nil {
		for _, i := range c.columns {
			names = append(names, []string{m.columns[i].Name})
		}
	}
	was, there := snap.Domains[domainClustering]
	if len(names) == 0 && !there {
		return nil
	}
	text, _ := json.Marshal(struct {
		Columns [][]string `json:"clusteringColumns"`
		Domain  string     `json:"domainName"`
	}{names, domainClustering})
	if there && was.Configuration == string(text) {
		return nil
	}
	return &delta.DomainMetadata{Domain: domainClustering, Configuration: string(text)}
}

// planCluster chooses the files that become one cube: loose ones, and cubes of at most twice the size of what has been chosen. Files of
// which more than rot is dead are loose. nil: there are no loose files.
func planCluster(files []*fileState, cl *clustering, rot float64) (out []*fileState, loose int64) {
	cubes := map[string][]*fileState{}
	for _, f := range files {
		by, cube := f.cube()
		if by != cl.tag || float64(f.f.rows-f.live()) > rot*float64(f.f.rows) {
			out, loose = append(out, f), loose+f.f.bytes
			continue
		}
		cubes[cube] = append(cubes[cube], f)
	}
	if len(out) == 0 {
		return nil, 0
	}
	size := func(list []*fileState) (n int64) {
		for _, f := range list {
			n += f.f.bytes
		}
		return n
	}
	bySize := make([][]*fileState, 0, len(cubes))
	for _, list := range cubes {
		bySize = append(bySize, list)
	}
	sort.Slice(bySize, func(i, j int) bool { return size(bySize[i]) < size(bySize[j]) })
	sum := loose
	for _, list := range bySize {
		n := size(list)
		if n > 2*sum {
			break
		}
		out, sum = append(out, list...), sum+n
	}
	return out, loose
}
