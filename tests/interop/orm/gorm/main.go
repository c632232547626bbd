package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"
)

var (
	db         *gorm.DB
	statements recorder
)

// recorder keeps the statements that GORM sends.
type recorder struct {
	logger.Interface
	sql []string
}

func (r *recorder) LogMode(logger.LogLevel) logger.Interface { return r }
func (r *recorder) Trace(_ context.Context, _ time.Time, fc func() (string, int64), _ error) {
	text, _ := fc()
	r.sql = append(r.sql, text)
}
func (*recorder) Info(context.Context, string, ...any)  {}
func (*recorder) Warn(context.Context, string, ...any)  {}
func (*recorder) Error(context.Context, string, ...any) {}

// changes are the statements of act that are no queries.
func changes(act func() error) (any, error) {
	statements.sql = nil
	err := act()
	list := slices.DeleteFunc(slices.Clone(statements.sql), func(s string) bool { return strings.HasPrefix(strings.ToLower(s), "select") })
	for i, s := range list {
		parts := strings.Split(strings.TrimSuffix(s, ")"), ",") // GORM writes constraints in the order of a map
		slices.Sort(parts)
		list[i] = strings.Join(parts, ",")
	}
	return list, err
}

func main() {
	url := fresh("gorm")
	var err error
	if db, err = gorm.Open(postgres.Open(url), &gorm.Config{Logger: &statements, TranslateError: false}); err != nil {
		panic(err)
	}
	tables := []any{&User{}, &Profile{}, &Group{}, &Membership{}, &Post{}, &Note{}, &Every{}, &Secret{}}
	check("migrate", func() (any, error) {
		db.Exec("create schema extra")
		if err := errors.Join(db.SetupJoinTable(&User{}, "Groups", &Membership{}), db.SetupJoinTable(&Group{}, "Users", &Membership{})); err != nil {
			return nil, err
		}
		return changes(func() error { return db.AutoMigrate(tables...) })
	})
	check("shape", func() (any, error) { return shape() })
	check("migrate_again", func() (any, error) {
		made, err := changes(func() error { return db.AutoMigrate(tables...) })
		if list := made.([]string); len(list) > 0 && err == nil {
			err = fmt.Errorf("changes: %q", list)
		}
		return made, err
	})
	migrator()
	create()
	read()
	write()
	associate()
	transactions()
	failures()
	check("migrate_change", func() (any, error) {
		db.Exec("update users set name = 'nil' where name is null")
		return changes(func() error { return db.AutoMigrate(&UserLater{}) })
	})
	check("migrate_change_again", func() (any, error) { return changes(func() error { return db.AutoMigrate(&UserLater{}) }) })
	check("shape_after_change", func() (any, error) { return shape() })
	migratorChanges()
	sqlDB, _ := db.DB()
	sqlDB.Close()
	simple(url)
}

// shape is what the catalog says of columns, indexes and constraints.
func shape() (list []string, err error) {
	err = db.Raw(`select c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || case when a.attnotnull then ' not null' else '' end || coalesce(' ' || pg_get_expr(d.adbin, d.adrelid), '') || coalesce(' -- ' || col_description(c.oid, a.attnum), '')
  from pg_class c join pg_attribute a on a.attrelid = c.oid and attnum > 0 and not attisdropped left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum where relnamespace in ('public'::regnamespace, 'extra'::regnamespace) and relkind in ('r', 'v')
  union all select pg_get_indexdef(indexrelid) from pg_index join pg_class c on c.oid = indrelid where relnamespace in ('public'::regnamespace, 'extra'::regnamespace)
  union all select conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) from pg_constraint where connamespace in ('public'::regnamespace, 'extra'::regnamespace) order by 1`).Scan(&list).Error
	return list, err
}

func columns(model any) (any, error) {
	list, err := db.Migrator().ColumnTypes(model)
	var out []string
	for _, c := range list {
		length, _ := c.Length()
		precision, scale, _ := c.DecimalSize()
		nullable, _ := c.Nullable()
		key, _ := c.PrimaryKey()
		unique, _ := c.Unique()
		auto, _ := c.AutoIncrement()
		value, ok := c.DefaultValue()
		comment, _ := c.Comment()
		full, _ := c.ColumnType()
		out = append(out, fmt.Sprint(c.Name(), " ", c.DatabaseTypeName(), " ", full, " ", length, precision, scale, nullable, key, unique, auto, value, ok, comment, c.ScanType()))
	}
	slices.Sort(out) // the catalog query has no order
	return out, err
}

func migrator() {
	m := db.Migrator()
	check("has", func() (any, error) {
		return []bool{m.HasTable(&User{}), m.HasTable("none"), m.HasTable("extra.secrets"), m.HasColumn(&User{}, "email"), m.HasColumn(&User{}, "none"), m.HasIndex(&User{}, "users_email"), m.HasIndex(&User{}, "none"),
			m.HasConstraint(&User{}, "role_known"), m.HasConstraint(&User{}, "Posts"), m.HasConstraint(&Post{}, "none")}, nil
	})
	check("tables", func() (any, error) { list, err := m.GetTables(); slices.Sort(list); return list, err })
	check("current_database", func() (any, error) { return m.CurrentDatabase(), nil })
	check("columns_user", func() (any, error) { return columns(&User{}) })
	check("columns_every", func() (any, error) { return columns(&Every{}) })
	check("columns_post", func() (any, error) { return columns(&Post{}) })
	check("columns_secret", func() (any, error) { return columns(&Secret{}) })
	check("indexes", func() (any, error) {
		list, err := m.GetIndexes(&Post{})
		var out []string
		for _, i := range list {
			unique, _ := i.Unique()
			key, _ := i.PrimaryKey()
			out = append(out, fmt.Sprint(i.Table(), i.Name(), i.Columns(), unique, key))
		}
		slices.Sort(out)
		return out, err
	})
}

func migratorChanges() {
	m := db.Migrator()
	check("migrator_changes", func() (any, error) {
		type Made struct {
			ID   uint
			Name string `gorm:"size:10;index:made_name"`
			Size int    `gorm:"check:made_size,size > 0"`
		}
		return changes(func() error {
			return errors.Join(m.CreateTable(&Made{}), m.RenameColumn(&Made{}, "size", "width"), m.DropIndex(&Made{}, "made_name"), m.RenameTable("mades", "built"), m.DropConstraint("built", "made_size"), m.DropColumn("built", "width"),
				m.CreateView("seen", gorm.ViewOption{Replace: true, Query: db.Table("built").Where("id > ?", 1), CheckOption: "WITH CHECK OPTION"}), m.DropView("seen"), m.DropTable("built", "none"))
		})
	})
	check("drop", func() (any, error) {
		err := m.DropTable(&Membership{}, &Note{}, &Post{}, &Group{}, &Profile{}, &User{}, &Every{}, &Secret{})
		list, _ := m.GetTables()
		return list, err
	})
}

func text(s string) *string { return &s }

func create() {
	check("create_nested", func() (any, error) {
		u := User{Email: "ada@example.com", Name: text("Ada"), Role: "admin", Profile: &Profile{Bio: "it's"}, Posts: []Post{{Title: "Notes", Tags: "{a,b}", Data: map[string]any{"k": []any{1, 2.5, nil}}}, {Title: "Letters", Views: 7}},
			Groups: []*Group{{Name: "core"}, {Name: "edge"}}, Notes: []Note{{Text: "N1"}}, Address: Address{Street: "Main", Number: 5}}
		return &u, db.Create(&u).Error
	})
	check("create_batch", func() (any, error) {
		var list []User
		for i, c := range "bcdef" {
			u := User{Email: string(c) + "@example.com", Name: text(strings.ToUpper(string(c)))}
			if i%2 == 1 {
				u.ManagerID = new(uint)
				*u.ManagerID = 1
			}
			list = append(list, u)
		}
		r := db.Create(&list)
		return []any{r.RowsAffected, list}, r.Error
	})
	check("create_in_batches", func() (any, error) {
		var list []Post
		for i := range 250 {
			list = append(list, Post{Title: fmt.Sprint("n", i), UserID: uint(2 + i%3), Views: i})
		}
		r := db.CreateInBatches(&list, 60)
		return []any{r.RowsAffected, list[0].ID, list[249].ID}, r.Error
	})
	check("create_map", func() (any, error) {
		r := db.Model(&Group{}).Create(&[]map[string]any{{"name": "m1"}, {"name": "m2"}})
		return r.RowsAffected, r.Error
	})
	check("create_expression", func() (any, error) {
		r := db.Model(&Group{}).Create(map[string]any{"name": clause.Expr{SQL: "upper(?)", Vars: []any{"expr"}}})
		var names []string
		return names, errors.Join(r.Error, db.Model(&Group{}).Order("id").Pluck("name", &names).Error)
	})
	check("conflict_nothing", func() (any, error) {
		r := db.Clauses(clause.OnConflict{DoNothing: true}).Create(&[]Group{{Name: "core"}, {Name: "rim"}})
		return r.RowsAffected, r.Error
	})
	check("upsert", func() (any, error) {
		u := []User{{Email: "b@example.com", Name: text("Bee"), Score: 3}, {Email: "g@example.com", Name: text("G")}}
		err := db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "email"}}, DoUpdates: clause.AssignmentColumns([]string{"name", "score"}), Where: clause.Where{Exprs: []clause.Expression{clause.Expr{SQL: "users.active"}}}}).Create(&u).Error
		return u, err
	})
	check("upsert_all", func() (any, error) {
		s := []Secret{{"me", "a", "1"}, {"me", "b", "2"}}
		if err := db.Create(&s).Error; err != nil {
			return nil, err
		}
		s = []Secret{{"me", "b", "3"}, {"you", "a", "4"}}
		err := db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&s).Error
		var all []Secret
		return all, errors.Join(err, db.Order("owner, key").Find(&all).Error)
	})
	check("returning", func() (any, error) {
		g := Group{Name: "ret"}
		return g, db.Clauses(clause.Returning{Columns: []clause.Column{{Name: "id"}, {Name: "name"}}}).Create(&g).Error
	})
	check("every", func() (any, error) {
		at := time.Date(2024, 2, 29, 23, 59, 59, 999999000, time.UTC)
		e := Every{Bool: true, Small: -5, Int: 1 << 30, Big: -1 << 63, Uint8: 255, Uint32: 1 << 31, Uint64: 1<<64 - 1, F32: 0.1, F64: 1e300, Dec: "12345678901234567890.5", Text: "ünï\n\"'", Char: "ab", Bytes: []byte{0, 1, 255}, Time: at, Date: at, Clock: "12:34:56.789",
			Span: time.Hour, UUID: "123e4567-e89b-12d3-a456-426614174000", JSON: `{"b":1, "a":null}`, Inet: "10.0.0.1/8", Ints: "{1,NULL,3}", Range: "[1,5]"}
		if err := db.Create(&e).Error; err != nil {
			return nil, err
		}
		var back Every
		err := db.First(&back, e.ID).Error
		back.Time, back.Date = back.Time.UTC(), back.Date.UTC()
		return []any{back, e.Upper}, err
	})
}

func ids(q *gorm.DB) (any, error) {
	var list []uint
	err := q.Model(&User{}).Order("users.id").Pluck("users.id", &list).Error
	return list, err
}

func read() {
	check("first", func() (any, error) {
		var a, b, c User
		return []any{&a, &b, &c}, errors.Join(db.First(&a).Error, db.Last(&b).Error, db.Take(&c, "email = ?", "c@example.com").Error)
	})
	check("not_found", func() (any, error) { return errors.Is(db.First(&User{}, 999).Error, gorm.ErrRecordNotFound), nil })
	check("where", func() (any, error) {
		return ids(db.Where("name like ? or id between ? and ?", "A%", 2, 3).Not("name", "C").Or(db.Where(&User{Role: "user"}).Where("manager_id is not null")))
	})
	check("where_in", func() (any, error) {
		return ids(db.Where("email in ?", []string{"ada@example.com", "d@example.com"}).Where("(id, role) in ?", [][]any{{1, "admin"}, {4, "user"}}))
	})
	check("where_map", func() (any, error) { return ids(db.Where(map[string]any{"active": true, "manager_id": nil})) })
	check("where_named", func() (any, error) {
		return ids(db.Where("name = @name or email = @email", sql.Named("name", "Ada"), sql.Named("email", "e@example.com")))
	})
	check("where_json", func() (any, error) {
		var list []Post
		err := db.Where("data @> ? or ? = any(tags)", `{"k":[2.5]}`, "a").Order("id").Find(&list).Error
		return list, err
	})
	check("subquery", func() (any, error) {
		return ids(db.Where("id in (?)", db.Model(&Post{}).Select("user_id").Where("views > ?", 100)).Where("score <= (?)", db.Model(&User{}).Select("avg(score) + 1")))
	})
	check("from_subquery", func() (any, error) {
		var rows []map[string]any
		err := db.Table("(?) as s", db.Model(&Post{}).Select("user_id, count(*) as n, sum(views) as total").Group("user_id")).Where("n > ?", 1).Order("user_id").Find(&rows).Error
		return rows, err
	})
	check("group_having", func() (any, error) {
		var rows []struct {
			UserID uint
			N      int
			Mean   float64
		}
		err := db.Model(&Post{}).Select("user_id, count(*) as n, avg(views) as mean").Group("user_id").Having("count(*) > ?", 1).Order("user_id desc").Scan(&rows).Error
		return rows, err
	})
	check("joins", func() (any, error) {
		var list []User
		err := db.Joins("Manager").Joins("Profile").Order("users.id").Limit(3).Find(&list).Error
		return list, err
	})
	check("inner_join", func() (any, error) {
		return ids(db.InnerJoins("Manager", db.Where(&User{Role: "admin"})))
	})
	check("raw_join", func() (any, error) {
		var rows []map[string]any
		err := db.Model(&User{}).Select("users.name, p.title").Joins("left join posts p on p.user_id = users.id and p.views < ?", 3).Order("users.id, p.id").Find(&rows).Error
		return rows, err
	})
	check("distinct_page", func() (any, error) {
		var list []string
		err := db.Model(&User{}).Distinct("role").Order("role desc").Limit(5).Offset(0).Pluck("role", &list).Error
		return list, err
	})
	check("count", func() (any, error) {
		var a, b, c int64
		err := errors.Join(db.Model(&Post{}).Count(&a).Error, db.Model(&Post{}).Distinct("user_id").Count(&b).Error, db.Model(&Post{}).Where("views > 10").Count(&c).Error)
		return []int64{a, b, c}, err
	})
	check("rows", func() (any, error) {
		rows, err := db.Model(&User{}).Select("id, name").Order("id").Rows()
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		var out []string
		for rows.Next() {
			var u User
			if err := db.ScanRows(rows, &u); err != nil {
				return nil, err
			}
			out = append(out, fmt.Sprint(u.ID, *u.Name))
		}
		return out, rows.Err()
	})
	check("find_in_batches", func() (any, error) {
		var list []Post
		var sizes []int
		r := db.Where("title like 'n%'").FindInBatches(&list, 100, func(*gorm.DB, int) error { sizes = append(sizes, len(list)); return nil })
		return []any{sizes, r.RowsAffected}, r.Error
	})
	check("first_or", func() (any, error) {
		var a, b Group
		err := errors.Join(db.Where(Group{Name: "none"}).Attrs(Group{ID: 77}).FirstOrInit(&a).Error, db.Where(Group{Name: "foc"}).FirstOrCreate(&b).Error)
		return []any{a, b}, err
	})
	check("raw", func() (any, error) {
		var row struct {
			A int
			B string
			C time.Time
			D []byte
		}
		err := db.Raw("select ?::int + 1 as a, ? || 'y' as b, ?::timestamptz as c, ?::bytea as d", 1, "x", time.Unix(0, 0), []byte{1}).Scan(&row).Error
		row.C = row.C.UTC()
		return row, err
	})
	check("scopes", func() (any, error) {
		return ids(db.Scopes(func(q *gorm.DB) *gorm.DB { return q.Where("active") }, func(q *gorm.DB) *gorm.DB { return q.Limit(2) }))
	})
	check("with", func() (any, error) {
		var rows []map[string]any
		err := db.Raw("with recursive c(n) as (select 1 union all select n + 1 from c where n < ?) select n, json_agg(u) over () is not null as whole from c left join users u on u.id = n order by n", 4).Scan(&rows).Error
		return rows, err
	})
}

func write() {
	user := func(id uint) (u User, err error) { err = db.First(&u, id).Error; return u, err }
	check("save", func() (any, error) {
		u, err := user(3)
		u.Name, u.Score = text("Cee"), 2.25
		if err = errors.Join(err, db.Save(&u).Error); err != nil {
			return nil, err
		}
		return user(3)
	})
	check("update", func() (any, error) {
		r := db.Model(&Post{}).Where("title like ?", "n1_").Updates(map[string]any{"views": gorm.Expr("views * ? + 1", 2), "body": "new"})
		return r.RowsAffected, r.Error
	})
	check("update_struct", func() (any, error) {
		r := db.Model(&User{ID: 2}).Select("Name", "Active").Updates(User{Name: nil, Active: false, Score: 99})
		u, err := user(2)
		return []any{r.RowsAffected, u}, errors.Join(r.Error, err)
	})
	check("update_column", func() (any, error) {
		return nil, db.Model(&Post{}).Where("id = ?", 1).UpdateColumn("views", gorm.Expr("views + ?", 1)).Error
	})
	check("update_subquery", func() (any, error) {
		r := db.Model(&User{}).Where("id < ?", 3).Update("score", db.Model(&Post{}).Select("count(*)").Where("posts.user_id = users.id"))
		return r.RowsAffected, r.Error
	})
	check("update_returning", func() (any, error) {
		var list []Post
		err := db.Model(&list).Clauses(clause.Returning{Columns: []clause.Column{{Name: "id"}, {Name: "views"}}}).Where("title in ?", []string{"Notes", "Letters"}).Update("views", gorm.Expr("views + 1")).Error
		slices.SortFunc(list, func(a, b Post) int { return int(a.ID - b.ID) })
		return list, err
	})
	check("update_all_refused", func() (any, error) {
		return errors.Is(db.Model(&Post{}).Update("views", 1).Error, gorm.ErrMissingWhereClause), nil
	})
	check("delete_returning", func() (any, error) {
		var list []Post
		err := db.Clauses(clause.Returning{}).Where("title = ?", "n249").Delete(&list).Error
		return list, err
	})
	check("delete_keys", func() (any, error) { r := db.Delete(&Post{}, []int{10, 11, 99999}); return r.RowsAffected, r.Error })
	check("delete_composite", func() (any, error) { r := db.Delete(&Secret{Owner: "me", Key: "a"}); return r.RowsAffected, r.Error })
	check("soft_delete", func() (any, error) {
		err := db.Delete(&User{}, 6).Error
		var a, b int64
		err = errors.Join(err, db.Model(&User{}).Count(&a).Error, db.Unscoped().Model(&User{}).Count(&b).Error, db.Unscoped().Model(&User{}).Where("id = 6").Update("deleted_at", nil).Error)
		return []any{a, b, errors.Is(db.Delete(&User{}).Error, gorm.ErrMissingWhereClause)}, err
	})
}

func associate() {
	check("preload", func() (any, error) {
		var list []User
		err := db.Preload("Posts", func(q *gorm.DB) *gorm.DB { return q.Where("views < 12").Order("posts.id") }).Preload("Profile").Preload("Groups", func(q *gorm.DB) *gorm.DB { return q.Order("groups.id") }).Preload("Manager").
			Preload("Reports", func(q *gorm.DB) *gorm.DB { return q.Order("users.id") }).Preload("Notes").Order("id").Limit(3).Find(&list).Error
		return list, err
	})
	check("preload_nested", func() (any, error) {
		var list []Group
		err := db.Preload("Users.Posts", "views > ?", 240).Preload(clause.Associations).Order("id").Limit(2).Find(&list).Error
		return list, err
	})
	u := User{ID: 2}
	groups := func() ([]string, error) {
		var names []string
		err := db.Model(&Group{}).Joins("join memberships m on m.group_id = groups.id and m.user_id = 2").Order("name").Pluck("name", &names).Error
		return names, err
	}
	check("append", func() (any, error) {
		err := db.Model(&u).Association("Groups").Append(&Group{ID: 1, Name: "core"}, &Group{Name: "fresh"})
		names, err2 := groups()
		return names, errors.Join(err, err2)
	})
	check("replace", func() (any, error) {
		err := db.Model(&u).Association("Groups").Replace(&Group{ID: 2, Name: "edge"})
		names, err2 := groups()
		return names, errors.Join(err, err2)
	})
	check("association_count", func() (any, error) {
		return []int64{db.Model(&User{ID: 1}).Association("Groups").Count(), db.Model(&User{ID: 1}).Association("Posts").Count(), db.Model(&User{ID: 1}).Association("Reports").Count()}, nil
	})
	check("association_find", func() (any, error) {
		var posts []Post
		err := db.Model(&User{ID: 1}).Order("id").Association("Posts").Find(&posts, "views > 5")
		return posts, err
	})
	check("association_delete", func() (any, error) {
		err := db.Model(&u).Association("Groups").Delete(&Group{ID: 2})
		names, err2 := groups()
		return names, errors.Join(err, err2)
	})
	check("association_clear", func() (any, error) {
		err := db.Model(&User{ID: 1}).Association("Groups").Clear()
		return db.Model(&User{ID: 1}).Association("Groups").Count(), err
	})
	check("delete_select", func() (any, error) {
		v := User{Email: "gone@example.com", Posts: []Post{{Title: "p"}}, Notes: []Note{{Text: "t"}}}
		if err := db.Create(&v).Error; err != nil {
			return nil, err
		}
		err := db.Unscoped().Select("Posts", "Notes").Delete(&v).Error
		var n int64
		return n, errors.Join(err, db.Model(&Note{}).Where("text = 't'").Count(&n).Error)
	})
}

func transactions() {
	names := func(list ...string) (n int64) { db.Model(&Group{}).Where("name in ?", list).Count(&n); return n }
	check("transaction", func() (any, error) {
		err := db.Transaction(func(tx *gorm.DB) error { return tx.Create(&Group{Name: "tx"}).Error })
		return names("tx"), err
	})
	check("transaction_rolls_back", func() (any, error) {
		err := db.Transaction(func(tx *gorm.DB) error { tx.Create(&Group{Name: "lost"}); return errors.New("no") })
		return []any{names("lost"), err.Error()}, nil
	})
	check("nested_transaction", func() (any, error) {
		var said any
		err := db.Transaction(func(tx *gorm.DB) error {
			tx.Create(&Group{Name: "outer"})
			err := tx.Transaction(func(tx *gorm.DB) error {
				tx.Create(&Group{Name: "inner"})
				return tx.Create(&Group{Name: "outer"}).Error
			})
			said, err = refused(err)
			return err
		})
		return []any{said, names("outer"), names("inner")}, err
	})
	check("savepoint", func() (any, error) {
		tx := db.Begin()
		tx.Create(&Group{Name: "s1"})
		tx.SavePoint("here")
		tx.Create(&Group{Name: "s2"})
		tx.RollbackTo("here")
		err := tx.Commit().Error
		return []int64{names("s1"), names("s2")}, err
	})
	for _, level := range []sql.IsolationLevel{sql.LevelReadUncommitted, sql.LevelReadCommitted, sql.LevelRepeatableRead, sql.LevelSerializable} {
		check("transaction_"+strings.ReplaceAll(strings.ToLower(level.String()), " ", "_"), func() (any, error) {
			var row map[string]any
			err := db.Transaction(func(tx *gorm.DB) error {
				return tx.Raw("select current_setting('transaction_isolation') as level, current_setting('transaction_read_only') as ro").Scan(&row).Error
			}, &sql.TxOptions{Isolation: level, ReadOnly: true})
			return row, err
		})
	}
	check("write_conflict", func() (any, error) {
		err := db.Transaction(func(tx *gorm.DB) error {
			var u User
			tx.First(&u, 4)
			db.Model(&User{ID: 4}).Update("name", "theirs")
			return tx.Model(&User{ID: 4}).Update("name", "mine").Error
		}, &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
		return refused(err)
	})
	check("locking", func() (any, error) {
		tx := db.Begin()
		defer tx.Rollback()
		var g Group
		tx.Clauses(clause.Locking{Strength: "UPDATE"}).First(&g, "name = ?", "core")
		var list []Group
		db.Clauses(clause.Locking{Strength: "SHARE", Options: "SKIP LOCKED"}).Order("id").Limit(2).Find(&list)
		said, err := refused(db.Clauses(clause.Locking{Strength: "NO KEY UPDATE", Options: "NOWAIT", Table: clause.Table{Name: clause.CurrentTable}}).Find(&Group{}, "name = ?", "core").Error)
		return []any{list, said}, err
	})
	check("prepared", func() (any, error) {
		tx := db.Session(&gorm.Session{PrepareStmt: true})
		var out []string
		for id := range uint(3) {
			var u User
			if err := tx.Select("email").First(&u, id+1).Error; err != nil {
				return nil, err
			}
			out = append(out, u.Email)
		}
		return out, nil
	})
	check("dry_run", func() (any, error) {
		return db.Session(&gorm.Session{DryRun: true}).Where("id = ?", 1).Find(&User{}).Statement.SQL.String(), nil
	})
	check("timeout", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		return errors.Is(db.WithContext(ctx).Exec("select pg_sleep(5)").Error, context.DeadlineExceeded), nil
	})
}

func failures() {
	refusals := map[string]func() error{
		"unique":     func() error { return db.Create(&User{Email: "ada@example.com"}).Error },
		"pair":       func() error { return db.Create(&Post{Title: "Notes", UserID: 1}).Error },
		"reference":  func() error { return db.Create(&Post{Title: "x", UserID: 999}).Error },
		"check":      func() error { return db.Create(&User{Email: "x", Role: "root"}).Error },
		"null":       func() error { return db.Model(&Post{}).Where("id = 1").Update("views", nil).Error },
		"too_long":   func() error { return db.Create(&Post{Title: strings.Repeat("x", 201), UserID: 1}).Error },
		"overflow":   func() error { return db.Model(&User{}).Where("id = 1").Update("score", 1e9).Error },
		"bad_uuid":   func() error { return db.Exec("update profiles set id = ?", "x").Error },
		"no_column":  func() error { return db.Where("none = 1").Find(&User{}).Error },
		"no_table":   func() error { return db.Table("nowhere").Find(&[]map[string]any{}).Error },
		"generated":  func() error { return db.Exec("update everies set upper = 'x'").Error },
		"drop_table": func() error { return db.Exec("drop table users").Error },
	}
	for _, name := range slices.Sorted(maps.Keys(refusals)) { // in order: those that are refused late use up sequences
		check(name+"_refused", func() (any, error) { return refused(refusals[name]()) })
	}
	check("translated", func() (any, error) {
		tx := db.Session(&gorm.Session{})
		tx.Config.TranslateError = true
		defer func() { tx.Config.TranslateError = false }()
		return []bool{errors.Is(tx.Create(&User{Email: "ada@example.com"}).Error, gorm.ErrDuplicatedKey), errors.Is(tx.Create(&Post{Title: "x", UserID: 999}).Error, gorm.ErrForeignKeyViolated), errors.Is(tx.Create(&User{Email: "x", Role: "root"}).Error, gorm.ErrCheckConstraintViolated)}, nil
	})
}

// simple does some of it over the simple protocol.
func simple(url string) {
	s, err := gorm.Open(postgres.New(postgres.Config{DSN: url, PreferSimpleProtocol: true}), &gorm.Config{Logger: logger.Discard})
	if err != nil {
		panic(err)
	}
	check("simple_protocol", func() (any, error) {
		err := s.AutoMigrate(&Group{}, &Every{})
		g := []Group{{Name: "it's"}, {Name: `b\n"`}}
		err = errors.Join(err, s.Create(&g).Error, s.Model(&g[0]).Update("name", gorm.Expr("name || ?", "!")).Error)
		e := Every{Bytes: []byte{0, 255}, Time: time.Unix(0, 0).UTC(), Dec: "1.5", Clock: "01:02:03", UUID: "123e4567-e89b-12d3-a456-426614174000", JSON: "{}", Inet: "::1", Ints: "{}", Range: "empty"}
		err = errors.Join(err, s.Omit("Span").Create(&e).Error)
		var back Every
		var list []Group
		err = errors.Join(err, s.First(&back, "bytes = ?", []byte{0, 255}).Error, s.Order("id").Find(&list).Error)
		back.Time, back.Date = back.Time.UTC(), back.Date.UTC()
		return []any{list, back}, err
	})
}
