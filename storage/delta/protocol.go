package delta

import (
	"fmt"
	"slices"
	"strings"
)

// Features that this package reads and writes.
const (
	FeatureDeletionVectors = "deletionVectors"
	FeatureTimestampNTZ    = "timestampNtz"
	// FeatureClustering says that the domain delta.clustering names columns by which files are clustered.
	FeatureClustering = "clustering"
	// PropDeletionVectors is the table property that allows writers to make deletion vectors.
	PropDeletionVectors = "delta.enableDeletionVectors"
)

// readable are the features of tables that we read. timestampWithoutTimezone is a misnomer of timestampNtz that some
// tables carry.
var readable = []string{FeatureColumnMapping, FeatureDeletionVectors, FeatureTimestampNTZ, "timestampWithoutTimezone",
	"typeWidening", "typeWidening-preview", "v2Checkpoint", "vacuumProtocolCheck"}

// writable are the features of tables that we write, most of them as long as they are not active: checkWrite has the rules.
var writable = append([]string{"allowColumnDefaults", "appendOnly", FeatureChangeDataFeed, "checkConstraints", FeatureClustering, FeatureDomainMeta,
	"generatedColumns", "identityColumns", FeatureInCommitTimestamp, "invariants", FeatureRowTracking}, readable...)

// BaseProtocol is what every reader takes.
func BaseProtocol() Protocol { return Protocol{MinReaderVersion: 1, MinWriterVersion: 2} }

// With returns the protocol that also has a feature that readers must know. Features of the legacy versions that p
// implies stay listed.
func (p Protocol) With(feature string) Protocol {
	if p.Has(feature) {
		return p
	}
	q := Protocol{MinReaderVersion: 3, MinWriterVersion: 7,
		ReaderFeatures: slices.Clone(p.ReaderFeatures), WriterFeatures: p.writerFeatures()}
	q.ReaderFeatures = append(q.ReaderFeatures, feature)
	q.WriterFeatures = append(q.WriterFeatures, feature)
	return q
}

// WithWriter returns the protocol that also has a feature that only writers must know. Features of the legacy versions that p implies stay
// listed.
func (p Protocol) WithWriter(feature string) Protocol {
	if p.Has(feature) {
		return p
	}
	q := p
	q.WriterFeatures = append(p.writerFeatures(), feature)
	q.MinWriterVersion = 7
	return q
}

// writerFeatures are the features that p lists, and those that its legacy version implies and that we know.
func (p Protocol) writerFeatures() []string {
	list := slices.Clone(p.WriterFeatures)
	if p.MinWriterVersion < 7 && p.MinWriterVersion >= 2 {
		list = append(list, "appendOnly", "invariants")
	}
	return list
}

// Has reports whether the protocol lists the feature.
func (p Protocol) Has(feature string) bool { return slices.Contains(p.WriterFeatures, feature) }

func (p Protocol) checkRead() error {
	switch {
	case p.MinReaderVersion == 1 || p.MinReaderVersion == 2:
		return nil
	case p.MinReaderVersion == 3:
		for _, f := range p.ReaderFeatures {
			if !slices.Contains(readable, f) {
				return fmt.Errorf("%w: reader feature %s", ErrFeature, f)
			}
		}
		return nil
	}
	return fmt.Errorf("%w: reader version %d", ErrFeature, p.MinReaderVersion)
}

// checkWrite refuses a table one of whose active features asks of a writer what is not built. The legacy versions imply
// features that are active by property or column metadata only.
func checkWrite(p Protocol, m Metadata) error {
	if err := p.checkRead(); err != nil {
		return err
	}
	if p.MinWriterVersion > 7 {
		return fmt.Errorf("%w: writer version %d", ErrFeature, p.MinWriterVersion)
	}
	for _, f := range p.WriterFeatures {
		if !slices.Contains(writable, f) {
			return fmt.Errorf("%w: writer feature %s", ErrFeature, f)
		}
	}
	for prop, value := range m.Configuration {
		if strings.HasPrefix(prop, "delta.constraints.") || strings.HasPrefix(prop, "delta.enableIcebergCompat") && value == "true" {
			return fmt.Errorf("%w: writes under the property %s", ErrFeature, prop)
		}
	}
	schema, err := ParseSchema(m.SchemaString)
	if err != nil {
		return err
	}
	return checkWriteFields(schema.Fields)
}

func checkWriteFields(fields []Field) error {
	for _, f := range fields {
		for _, active := range []string{"delta.invariants", "delta.generationExpression", "delta.identity.start"} {
			if _, ok := f.Metadata[active]; ok {
				return fmt.Errorf("%w: writes of column %s with %s", ErrFeature, f.Name, active)
			}
		}
		for t := &f.Type; t != nil; t = t.Elem {
			if err := checkWriteFields(t.Fields); err != nil {
				return err
			}
		}
	}
	return nil
}
