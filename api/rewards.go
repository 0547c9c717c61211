package api

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/millenniumm/referrals/api/openapi"
	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
)

// ListRewards lists the rewards of the program in force, with what became of them.
func (s *server) ListRewards(c *gin.Context, bot string) {
	rules, err := s.books(c).Program(c.Request.Context(), bot, 0)
	if err != nil {
		s.fail(c, err, unknownBot)
		return
	}
	counts, err := s.books(c).RewardCounts(c.Request.Context(), bot)
	views := []referral.RewardView{}
	for _, name := range slices.Sorted(maps.Keys(rules.Rewards)) {
		views = append(views, rewardView(name, rules.Rewards[name], counts[name]))
	}
	s.answer(c, gin.H{"items": views}, err, unknownBot)
}

func rewardView(name string, reward program.Reward, count referral.RewardCount) referral.RewardView {
	view := referral.RewardView{
		Name: name, Title: reward.Title, Codes: string(reward.Codes), OnVoid: string(reward.OnVoid), Redeem: reward.Redeem,
		Valid: int64(reward.Valid / time.Second), Held: count.Held, Revoked: count.Revoked, Redeemed: count.Redeemed, Expired: count.Expired,
	}
	if reward.Limit != (program.Limit{}) {
		view.Limit = &referral.LimitView{PerContact: reward.Limit.PerContact, Total: reward.Limit.Total}
	}
	if reward.Codes == program.CodePool {
		count.Stock.Low = isLow(reward, count.Stock)
		view.Stock = &count.Stock
	}
	return view
}

// isLow says whether so few codes are free that the author wants to be warned.
func isLow(reward program.Reward, stock referral.Stock) bool {
	return reward.LowStock > 0 && stock.Free <= reward.LowStock
}

// ListGrants lists who earned a reward, newest first.
func (s *server) ListGrants(c *gin.Context, bot, reward string, params openapi.ListGrantsParams) {
	before, ok := s.startOfPage(c, params.Cursor)
	if !ok || !s.known(c, bot) {
		return
	}
	most := pageSize(params.Limit)
	grants, err := s.books(c).RewardGrants(c.Request.Context(), bot, reward, valueOf(params.UserId), before, most+1)
	if err == nil && len(grants) == 0 && !s.hasReward(c, bot, reward) {
		return
	}
	if err != nil {
		s.fail(c, err, unknownReward)
		return
	}
	answerPage(c, grants, most, func(g referral.RewardGrant) string { return strconv.FormatInt(g.ID, 10) })
}

// hasReward says whether the program in force has a reward, and answers when it doesn't: a typing mistake would look like no grants.
func (s *server) hasReward(c *gin.Context, bot, name string) bool {
	rules, err := s.books(c).Program(c.Request.Context(), bot, 0)
	if err != nil {
		s.fail(c, err, unknownReward)
		return false
	}
	if _, known := rules.Rewards[name]; !known {
		s.problem(c, unknownReward)
		return false
	}
	return true
}

// RedeemGrant uses a grant up, once.
func (s *server) RedeemGrant(c *gin.Context, bot, reward, grant string, _ openapi.RedeemGrantParams) {
	rules, err := s.books(c).Program(c.Request.Context(), bot, 0)
	if err != nil {
		s.fail(c, err, unknownBot)
		return
	}
	if defined, known := rules.Rewards[reward]; known && !defined.Redeem {
		s.problem(c, newProblem("not_redeemable"))
		return
	}
	redeemed, err := s.books(c).Redeem(c.Request.Context(), bot, reward, idOf(grant), time.Now())
	var used *referral.UsedUpError
	if errors.As(err, &used) {
		s.problem(c, newProblem("already_used_up").saying("Nothing was changed: "+used.Error()+"."))
		return
	}
	s.answer(c, redeemed, err, unknownGrant)
}

// RevokeGrant takes a grant back.
func (s *server) RevokeGrant(c *gin.Context, bot, reward, grant string, _ openapi.RevokeGrantParams) {
	var asked openapi.NewVoid
	if !s.known(c, bot) || c.Request.ContentLength != 0 && !s.read(c, &asked) {
		return
	}
	revoked, err := s.books(c).Revoke(c.Request.Context(), bot, reward, idOf(grant), channel.CleanText(valueOf(asked.Note)), time.Now())
	if err != nil {
		s.fail(c, err, unknownGrant)
		return
	}
	c.JSON(http.StatusOK, revoked)
}
