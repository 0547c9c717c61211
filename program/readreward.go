package program

// redeemOnce is the only way to redeem so far.
const redeemOnce = "once"

// terms reads what bounds a reward: how many, for how long, and how it is used up.
func (r *reader) terms(values map[string]element, into *Reward) {
	if limit, ok := values["limit"]; ok {
		bounds := r.object(limit, "limit")
		into.Limit = Limit{PerContact: r.positive(bounds["per_contact"]), Total: r.positive(bounds["total"])}
	}
	if valid, ok := values["valid"]; ok {
		into.Valid = r.duration(valid)
	}
	if redeem, ok := values["redeem"]; ok {
		into.Redeem = r.oneOf(redeem, codeUnknownRedemption, []string{redeemOnce}) == redeemOnce
	}
	low, ok := values["low_stock"]
	if !ok {
		return
	}
	into.LowStock = r.positive(low)
	if into.Codes != CodePool {
		r.error(low.path, codeStockWithoutCodes)
	}
}
