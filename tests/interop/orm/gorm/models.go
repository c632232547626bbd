package main

import (
	"time"

	"gorm.io/gorm"
)

type User struct {
	ID        uint   `gorm:"primaryKey"`
	Email     string `gorm:"size:120;not null;uniqueIndex:users_email"`
	Name      *string
	Role      string  `gorm:"type:varchar(20);default:user;check:role_known,role in ('user', 'admin')"`
	Score     float64 `gorm:"type:numeric(8,2);default:1.5"`
	Active    bool    `gorm:"default:true;index:users_active,where:active"`
	Birthday  *time.Time
	ManagerID *uint
	Manager   *User   `gorm:"constraint:OnDelete:SET NULL"`
	Reports   []*User `gorm:"foreignKey:ManagerID"`
	Profile   *Profile
	Posts     []Post         `gorm:"constraint:OnDelete:CASCADE,OnUpdate:RESTRICT"`
	Groups    []*Group       `gorm:"many2many:memberships"`
	Notes     []Note         `gorm:"polymorphic:Owner"`
	Address   Address        `gorm:"embedded;embeddedPrefix:address_"`
	CreatedAt time.Time      `json:"-"`
	UpdatedAt time.Time      `json:"-"`
	DeletedAt gorm.DeletedAt `gorm:"index" json:"-"`
}

type Address struct {
	Street string `gorm:"default:nowhere"`
	Number int
}

type Profile struct {
	ID     string `gorm:"type:uuid;default:gen_random_uuid()" json:"-"`
	UserID uint   `gorm:"unique"`
	Bio    string `gorm:"comment:what one says of oneself"`
}

type Post struct {
	ID        int64
	Title     string `gorm:"size:200;uniqueIndex:posts_by_title,priority:2"`
	Body      string `gorm:"type:text"`
	UserID    uint   `gorm:"uniqueIndex:posts_by_title,priority:1"`
	User      *User
	Views     int            `gorm:"not null;default:0;index:posts_views,sort:desc"`
	Tags      string         `gorm:"type:text[];default:'{}';index:posts_tags,type:gin"`
	Data      map[string]any `gorm:"serializer:json;type:jsonb"`
	CreatedAt time.Time      `json:"-"`
}

type Group struct {
	ID    uint
	Name  string  `gorm:"unique"`
	Users []*User `gorm:"many2many:memberships" json:",omitempty"`
}

type Membership struct {
	UserID  uint `gorm:"primaryKey"`
	GroupID uint `gorm:"primaryKey"`
	Since   string
}

type Note struct {
	ID        uint
	Text      string `gorm:"index:notes_lower,expression:lower(text)"`
	OwnerID   uint
	OwnerType string
}

type Every struct {
	ID     uint
	Bool   bool
	Small  int16
	Int    int32
	Big    int64
	Uint8  uint8
	Uint32 uint32
	Uint64 uint64 `gorm:"type:numeric(20)"`
	F32    float32
	F64    float64
	Dec    string `gorm:"type:decimal(30,10)"`
	Text   string
	Char   string `gorm:"type:varchar(5)"`
	Bytes  []byte
	Time   time.Time
	Date   time.Time     `gorm:"type:date"`
	Clock  string        `gorm:"type:time(3)"`
	Span   time.Duration `gorm:"type:bigint"`
	UUID   string        `gorm:"type:uuid"`
	JSON   string        `gorm:"type:json"`
	Inet   string        `gorm:"type:inet"`
	Ints   string        `gorm:"type:integer[]"`
	Range  string        `gorm:"type:int4range"`
	Null   *string
	Upper  string `gorm:"->;type:text GENERATED ALWAYS AS (upper(text)) STORED"`
	Unix   int64  `gorm:"autoCreateTime:milli" json:"-"`
}

// UserLater is what User becomes.
type UserLater struct {
	ID     uint    `gorm:"primaryKey"`
	Email  string  `gorm:"size:255;not null;uniqueIndex:users_email"`
	Name   string  `gorm:"not null;default:nobody;comment:as called"`
	Role   string  `gorm:"type:varchar(30);default:guest"`
	Score  float64 `gorm:"type:numeric(10,3);default:2"`
	Active bool    `gorm:"default:false"`
	Seen   *time.Time
	Level  int64 `gorm:"not null;default:3;index"`
}

func (UserLater) TableName() string { return "users" }

// Secret is of another schema, with a key of two columns.
type Secret struct {
	Owner string `gorm:"primaryKey"`
	Key   string `gorm:"primaryKey"`
	Value string
}

func (Secret) TableName() string { return "extra.secrets" }

func (p *Post) BeforeCreate(*gorm.DB) error {
	if p.Body == "" {
		p.Body = "empty"
	}
	return nil
}
