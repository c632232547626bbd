package main

import (
	"log/slog"
	"path/filepath"
	"strconv"

	"github.com/tarndb/tarn/sql/stmtstats"
)

// statisticsFile keeps the statistics of statements while the server is down.
const statisticsFile = "pg_stat_statements.json"

// openStatistics makes the store of pg_stat_statements with what an earlier process has saved. save is called once, when no session is
// left.
func openStatistics(cfg config, log *slog.Logger) (s *stmtstats.Store, save func()) {
	limit, keep := 0, true
	for _, v := range cfg.settings {
		switch v.Name {
		case "pg_stat_statements.max":
			limit, _ = strconv.Atoi(v.Value) // checked with the other settings
		case "pg_stat_statements.save":
			keep = v.Value != "off"
		}
	}
	s = stmtstats.New(limit)
	path := filepath.Join(cfg.data, statisticsFile)
	if err := s.Load(path); err != nil {
		log.Warn("statistics of statements not read", "file", path, "error", err)
	}
	return s, func() {
		if !keep {
			return
		}
		if err := s.Save(path); err != nil {
			log.Warn("statistics of statements not saved", "file", path, "error", err)
		}
	}
}
