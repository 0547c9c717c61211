package program

import (
	"bytes"
	_ "embed"
)

//go:embed schema.json
var schema []byte

// Schema is the JSON Schema of a program's file, for editors: what can be said about its shape. Parse checks that and more,
// for names that nothing has and flows that never end are beyond a schema.
func Schema() []byte { return bytes.Clone(schema) }
