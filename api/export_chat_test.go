package api

import "time"

// SetPace has a Listen begun from now on poll, and streams beat and give a reader up, at other intervals than usual.
func (h *Handler) SetPace(poll, beat, write time.Duration) {
	h.server.pace.poll, h.server.pace.beat, h.server.pace.write = poll, beat, write
}

// SetMostStreams bounds the streams of the process by another number than usual.
func (h *Handler) SetMostStreams(most int) { h.server.streams.most = most }

// SetAnswerWithin bounds requests from now on by another time than usual.
func (h *Handler) SetAnswerWithin(answer time.Duration) { h.server.pace.answer = answer }

// LoadContract reads a contract, for tests of what one must have.
func LoadContract(source []byte) error {
	_, err := loadContract(source)
	return err
}

// KindsOfProblems are the names of all kinds of problems.
func KindsOfProblems() []string {
	var names []string
	for name := range kinds {
		names = append(names, name)
	}
	return names
}
