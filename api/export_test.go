package api

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
