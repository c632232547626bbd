// Package xmldoc reads XML as far as type xml needs it: whether a text is a well-formed document or content, what its declaration
// says, names of SQL as names of XML. It keeps no tree: a value of type xml is its text.
package xmldoc
