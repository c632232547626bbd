package ddl

import (
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/types"
)

// maxCluster is how many columns a table can be clustered by.
const maxCluster = 4

// checkFiles refuses what the statement has made of tables whose parameters ask of their Delta tables what cannot be.
func (x *exec) checkFiles() (err error) {
	x.Editor.Tables(func(_ catalog.OID, t *catalog.Table) {
		if t != nil && err == nil {
			if err = x.checkClustering(t); err == nil {
				err = checkFeed(t)
			}
		}
	})
	return err
}

func (x *exec) checkClustering(t *catalog.Table) error {
	v, ok := t.Options.Get(catalog.OptClusterBy)
	if !ok {
		return nil
	}
	if t.Kind != catalog.RelTable || t.Persistence != catalog.Permanent {
		return pgerr.New(pgerr.InvalidParameterValue, "unrecognized parameter \"%s\"", catalog.OptClusterBy)
	}
	names, ok := catalog.ClusterColumns(v)
	if !ok {
		return pgerr.New(pgerr.InvalidParameterValue, "invalid value for option \"%s\": %s", catalog.OptClusterBy, v).
			WithHint("Write a list of column names separated by commas.")
	}
	if len(names) > maxCluster {
		return pgerr.New(pgerr.TooManyColumns, "cannot cluster by more than %d columns", maxCluster)
	}
	for i, n := range names {
		if slices.Contains(names[:i], n) {
			return pgerr.New(pgerr.DuplicateColumn, "column \"%s\" appears twice in the list of clustering columns", n)
		}
		if _, err := ClusterColumn(t, n, x.Env); err != nil {
			return err
		}
	}
	return nil
}

// ClusterColumn is the number of a column by which rows of a table can be clustered.
func ClusterColumn(t *catalog.Table, name string, env *types.Env) (int16, error) {
	c := t.ColumnByName(name)
	if c == nil {
		return 0, pgerr.New(pgerr.UndefinedColumn, "clustering column \"%s\" of table \"%s\" does not exist", name, t.Name)
	}
	base := env.Type(c.Type)
	for base != nil && base.TypType == types.TypeDomain {
		base = env.Type(base.Base)
	}
	if base == nil || !catalog.Clusters(base.OID) {
		return 0, pgerr.New(pgerr.DatatypeMismatch, "table \"%s\" cannot be clustered by column \"%s\" of type %s", t.Name, name, types.FormatType(c.Type, c.TypMod, env))
	}
	return c.AttNum, nil
}

// renameClustering keeps a table clustered by a column that gets another name.
func renameClustering(t *catalog.Table, old, name string) {
	v, ok := t.Options.Get(catalog.OptClusterBy)
	if !ok {
		return
	}
	names, _ := catalog.ClusterColumns(v)
	i := slices.Index(names, old)
	if i < 0 {
		return
	}
	names[i] = name
	for k := range names {
		names[k] = ruleutils.QuoteIdent(names[k])
	}
	t.Options = t.Options.With(catalog.RelOption{Name: catalog.OptClusterBy, Value: strings.Join(names, ",")})
}
