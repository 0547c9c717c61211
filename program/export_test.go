package program

// For the tests outside the package: random programs come from a package that imports this one.
var (
	CheckValidates = checkValidates
	Actions        = actions
	ConditionKeys  = conditionKeys
)
