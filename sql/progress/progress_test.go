package progress

import "testing"

// A command inside another (an index that a function makes during COPY) hides the outer one until it ends.
func TestBoardShowsTheInnermostCommand(t *testing.T) {
	var b Board
	outer := b.Begin(Copy, 1, map[Param]int64{CopyType: CopyPipe})
	inner := b.Begin(CreateIndex, 2, nil)
	inner.Add(IndexTuples, 3)
	inner.Add(IndexTuples, 4)
	if r := b.Now(); r.Command != CreateIndex || r.Relation != 2 || r.Get(IndexTuples) != 7 {
		t.Errorf("inside: %+v", r)
	}
	b.End(inner)
	if r := b.Now(); r != outer || r.Get(CopyType) != CopyPipe {
		t.Errorf("after the inner command: %+v", r)
	}
	b.End(outer)
	if r := b.Now(); r != nil {
		t.Errorf("at the end: %+v", r)
	}
}

// Code that runs without a session reports to nobody.
func TestNilBoard(t *testing.T) {
	var b *Board
	r := b.Begin(Analyze, 1, nil)
	r.Set(AnalyzePhase, AnalyzeSampling)
	r.Add(AnalyzeBlocks, 1)
	if r.Get(AnalyzeBlocks) != 0 {
		t.Error("a nil report has values")
	}
	b.End(r)
}
