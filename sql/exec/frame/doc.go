// Package frame holds the values of an execution: its slots, and copies of rows that outlive them.
//
//	        Add          Keep             Put
//	Frame ───────▶ slot ───────▶ Arena ───────▶ slot
//	                    ───────▶ Row            Load: the one row kept last
//
// A slot is valid until whoever owns it moves. A value that is kept owns its bytes until its Arena is reset.
//
// It knows values only: neither plans nor sessions nor files.
package frame
