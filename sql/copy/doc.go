// Package copy reads and writes COPY's formats: text, csv and binary (manual: COPY, File Formats). It turns bytes into
// rows of values and back, and knows neither tables nor connections.
package copy
