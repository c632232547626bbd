package opt

// Settings are the parameters that choose between plans (manual 20.7). Equal settings plan alike: the struct is a part of a
// plan cache's key. The zero value is PostgreSQL's defaults.
type Settings struct {
	Off Methods
	// Costs of the zero value are DefaultCosts.
	Costs Costs
	// JoinCollapse and FromCollapse are the limits of what is reordered at once; 0: their defaults of 8.
	JoinCollapse, FromCollapse int
}

// Methods is a set of the enable_* settings.
type Methods uint32

const (
	SeqScan Methods = 1 << iota
	IndexScan
	IndexOnlyScan
	BitmapScan
	NestLoop
	HashJoin
	MergeJoin
	HashAgg
	Sort
	IncrementalSort
	Material
	Memoize
	PartitionPruning
)

// methods are the settings' names without enable_. What is in PostgreSQL's list and not here chooses nothing: there are no such
// plans (bitmap and tid scans, parallel and partition-wise ones).
var methods = map[string]Methods{
	"seqscan": SeqScan, "indexscan": IndexScan, "indexonlyscan": IndexOnlyScan, "bitmapscan": BitmapScan, "nestloop": NestLoop,
	"hashjoin": HashJoin, "mergejoin": MergeJoin, "hashagg": HashAgg, "sort": Sort, "incremental_sort": IncrementalSort,
	"material": Material, "memoize": Memoize, "partition_pruning": PartitionPruning,
}

// ReadSettings takes the values of a session's parameters.
func ReadSettings(on func(name string) bool, number func(name string) float64) Settings {
	s := Settings{JoinCollapse: int(number("join_collapse_limit")), FromCollapse: int(number("from_collapse_limit"))}
	for name, m := range methods {
		if !on("enable_" + name) {
			s.Off |= m
		}
	}
	s.Costs = Costs{SeqPage: number("seq_page_cost"), RandomPage: number("random_page_cost"), CPUTuple: number("cpu_tuple_cost"),
		CPUIndexTuple: number("cpu_index_tuple_cost"), CPUOperator: number("cpu_operator_cost"), WorkMem: number("work_mem") * 1024,
		HashMem: number("work_mem") * 1024 * number("hash_mem_multiplier"), Cache: number("effective_cache_size") * 8192}
	return s
}

// off reports that a method is turned off: it is used only where there is no other.
func (o *optimizer) off(m Methods) bool { return o.env.Settings.Off&m != 0 }
