package main

// task is work going on in the background, whose owner waits for it.
type task struct {
	done chan struct{}
	err  error
}

func begin(work func() error) *task {
	t := &task{done: make(chan struct{})}
	go func() {
		defer close(t.done)
		t.err = work()
	}()
	return t
}

// wait returns how the work ended. It may be called more than once, and on no task at all.
func (t *task) wait() error {
	if t == nil {
		return nil
	}
	<-t.done
	return t.err
}
