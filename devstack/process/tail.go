package process

import (
	"io"
	"os"
	"strings"
)

// tailBytes bounds how much of a log Tail reads: far more than the lines anybody shows.
const tailBytes = 64 << 10

// Tail returns the last lines of the file at path, at most n, as one text; it is empty when there is nothing to read.
func Tail(path string, n int) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	if size, err := file.Seek(0, io.SeekEnd); err == nil {
		_, _ = file.Seek(max(0, size-tailBytes), io.SeekStart)
	}
	text, err := io.ReadAll(file)
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
