package api

import "time"

// SetPace has streams begun from now on poll, beat and give a reader up at other intervals than usual.
func (h *Handler) SetPace(poll, beat, write time.Duration) {
	h.server.pace = pace{poll: poll, beat: beat, write: write, read: usualPace.read}
}
