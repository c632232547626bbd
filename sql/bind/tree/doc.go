// Package tree visits and compares bound expressions and relations (sql/plan) by their structure. It knows no catalog.
package tree
