package lock

// Class says what is locked.
type Class uint8

const (
	Row      Class = iota + 1 // key bytes
	Table                     // a table's id
	Advisory                  // 64-bit keys or pairs of 32-bit keys, within a database
)

var classNames = [...]string{"", "row", "table", "advisory"}

func (c Class) String() string { return classNames[c] }

// Mode is a strength; each class has its own, numbered from 1, weakest first.
type Mode uint8

// Row strengths (manual 13.3.2). Who writes a row takes NoKeyWrite or Write: they meet others like NoKeyUpdate and Update,
// and tell Await that the row may become another, which a mere lock does not. Await is for who wants to know how
// that ends; it keeps nobody from anything.
const (
	KeyShare    Mode = iota + 1 // SELECT … FOR KEY SHARE: foreign keys
	Share                       // FOR SHARE
	NoKeyUpdate                 // FOR NO KEY UPDATE
	Update                      // FOR UPDATE
	NoKeyWrite                  // UPDATE of other columns
	Write                       // INSERT, DELETE, UPDATE of key columns
	Await
)

// Table modes (manual 13.3.1).
const (
	AccessShare Mode = iota + 1
	RowShare
	RowExclusive
	ShareUpdateExclusive
	ShareTable // SHARE
	ShareRowExclusive
	Exclusive
	AccessExclusive
)

// Advisory modes.
const (
	AdvisoryShared Mode = iota + 1
	AdvisoryExclusive
)

// modeSet has bit m set for mode m.
type modeSet uint16

func set(ms ...Mode) (s modeSet) {
	for _, m := range ms {
		s |= 1 << m
	}
	return s
}

func (s modeSet) has(m Mode) bool { return s&(1<<m) != 0 }

// conflicts[class][mode] is the set of modes of other owners that a request must wait for.
var conflicts = [...][9]modeSet{
	Row: {
		KeyShare:    set(Update, Write),
		Share:       set(NoKeyUpdate, Update, NoKeyWrite, Write),
		NoKeyUpdate: set(Share, NoKeyUpdate, Update, NoKeyWrite, Write),
		Update:      set(KeyShare, Share, NoKeyUpdate, Update, NoKeyWrite, Write),
		NoKeyWrite:  set(Share, NoKeyUpdate, Update, NoKeyWrite, Write),
		Write:       set(KeyShare, Share, NoKeyUpdate, Update, NoKeyWrite, Write),
		Await:       set(NoKeyWrite, Write),
	},
	Table: {
		AccessShare:          set(AccessExclusive),
		RowShare:             set(Exclusive, AccessExclusive),
		RowExclusive:         set(ShareTable, ShareRowExclusive, Exclusive, AccessExclusive),
		ShareUpdateExclusive: set(ShareUpdateExclusive, ShareTable, ShareRowExclusive, Exclusive, AccessExclusive),
		ShareTable:           set(RowExclusive, ShareUpdateExclusive, ShareRowExclusive, Exclusive, AccessExclusive),
		ShareRowExclusive:    set(RowExclusive, ShareUpdateExclusive, ShareTable, ShareRowExclusive, Exclusive, AccessExclusive),
		Exclusive:            set(RowShare, RowExclusive, ShareUpdateExclusive, ShareTable, ShareRowExclusive, Exclusive, AccessExclusive),
		AccessExclusive:      set(AccessShare, RowShare, RowExclusive, ShareUpdateExclusive, ShareTable, ShareRowExclusive, Exclusive, AccessExclusive),
	},
	Advisory: {
		AdvisoryShared:    set(AdvisoryExclusive),
		AdvisoryExclusive: set(AdvisoryShared, AdvisoryExclusive),
	},
}

// covers[class][mode] is the set of held modes that make a request for mode pointless: those that wait for all that it waits
// for, and keep all waiting that it keeps.
var covers = func() (c [len(conflicts)][9]modeSet) {
	for class := range conflicts {
		var kept [9]modeSet // kept[m]: the modes whose requests wait for m
		for m := Mode(1); m < 9; m++ {
			for h := Mode(1); h < 9; h++ {
				if conflicts[class][h].has(m) {
					kept[m] |= 1 << h
				}
			}
		}
		for m := Mode(1); m < 9; m++ {
			for h := Mode(1); h < 9; h++ {
				if conflicts[class][m] != 0 && conflicts[class][m]&^conflicts[class][h] == 0 && kept[m]&^kept[h] == 0 {
					c[class][m] |= 1 << h
				}
			}
		}
	}
	return c
}()

var modeNames = [...][9]string{
	Row: {"", "ForKeyShare", "ForShare", "ForNoKeyUpdate", "ForUpdate", "NoKeyUpdate", "Update", "Await"},
	Table: {"", "AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock", "ShareLock",
		"ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"},
	Advisory: {"", "ShareLock", "ExclusiveLock"},
}

// Name is the mode's name as pg_locks shows it (rows: as pgrowlocks of contrib does).
func (m Mode) Name(c Class) string { return modeNames[c][m] }
