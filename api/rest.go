package api

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/millenniumm/referrals/api/openapi"
	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
)

// The server implements the interface that is generated from openapi.yaml.
var _ openapi.ServerInterface = (*server)(nil)

const defaultPage = 50

// CreateBot creates a bot.
func (s *server) CreateBot(c *gin.Context, _ openapi.CreateBotParams) {
	var asked openapi.NewBot
	if !s.read(c, &asked) {
		return
	}
	bot, created, err := s.books(c).CreateBot(c.Request.Context(), asked.Id, channel.CleanText(asked.Name))
	if err != nil {
		s.fail(c, err, unknownBot)
		return
	}
	if !created {
		s.problem(c, newProblem("bot_exists"))
		return
	}
	c.JSON(http.StatusCreated, bot)
}

// ListBots lists the bots.
func (s *server) ListBots(c *gin.Context, params openapi.ListBotsParams) {
	most := pageSize(params.Limit)
	bots, err := s.books(c).Bots(c.Request.Context(), valueOf(params.Cursor), most+1)
	if err != nil {
		s.fail(c, err, unknownBot)
		return
	}
	answerPage(c, bots, most, func(bot referral.Bot) string { return bot.ID })
}

// GetBot gives one bot.
func (s *server) GetBot(c *gin.Context, bot string) {
	found, err := s.books(c).Bot(c.Request.Context(), bot)
	s.answer(c, found, err, unknownBot)
}

// GetProgram gives the program in force as its author wrote it.
func (s *server) GetProgram(c *gin.Context, bot string) {
	source, version, err := s.books(c).ProgramSource(c.Request.Context(), bot)
	if err != nil {
		s.fail(c, err, unknownBot)
		return
	}
	answerProgram(c, source, version)
}

// PutProgram saves a new version of the program, or says everything that is wrong with it.
func (s *server) PutProgram(c *gin.Context, bot string, params openapi.PutProgramParams) {
	source, err := io.ReadAll(c.Request.Body)
	if err != nil {
		s.problem(c, tooLarge)
		return
	}
	language := languageOf(valueOf(params.AcceptLanguage))
	parsed, problems := program.Parse(source)
	if parsed == nil {
		s.problem(c, badProgram(problems, language))
		return
	}
	revision := referral.Revision{Source: string(source), MadeFrom: madeFrom(params.IfMatch)}
	version, err := s.books(c).Revise(c.Request.Context(), bot, revision)
	s.answerSaved(c, bot, version, err, parsed, problems, language)
}

func programItems(problems program.Problems, language string) []item {
	items := []item{}
	for _, p := range problems {
		items = append(items, item{
			Severity: string(p.Severity), Code: p.Code, Path: p.Path, Line: p.Line, Column: p.Column, Detail: p.Message(language),
		})
	}
	return items
}

// PostEvent takes an event of a bot hosted elsewhere.
func (s *server) PostEvent(c *gin.Context, bot string, _ openapi.PostEventParams) {
	var asked openapi.NewEvent
	if !s.read(c, &asked) {
		return
	}
	account, err := s.books(c).Account(c.Request.Context(), bot, channel.CleanText(asked.Account))
	if err != nil {
		s.fail(c, err, unknownAccount)
		return
	}
	if account.Channel != genericChannel {
		s.problem(c, newProblem("not_generic").saying(
			"Report events for accounts of the generic channel only: this one is on "+account.Channel+"."))
		return
	}
	arrived, err := s.Inbox.Add(c.Request.Context(), bot, account.Name, []channel.Event{eventOf(asked)})
	if errors.Is(err, channel.ErrBadEvent) {
		s.problem(c, badRequest("The event holds data that can't be stored: shorten id and external_id, or date it within reason."))
		return
	}
	if err != nil {
		s.fail(c, err, unknownAccount)
		return
	}
	c.JSON(http.StatusAccepted, gin.H{"id": asked.Id, "user_id": arrived[0].UserID, "duplicate": !arrived[0].Stored})
}

const genericChannel = "generic"

func eventOf(asked openapi.NewEvent) channel.Event {
	event := channel.Event{
		ID: asked.Id, Kind: channel.Opening, Ref: valueOf(asked.Ref), Text: valueOf(asked.Text),
		From: channel.Sender{ExternalID: asked.Contact.ExternalId, Locale: valueOf(asked.Contact.Locale)},
	}
	event.From.FirstName, event.From.LastName, _ = strings.Cut(strings.TrimSpace(valueOf(asked.Contact.Name)), " ")
	if event.Ref == "" && event.Text != "" {
		event.Kind = channel.Text
	}
	if asked.OccurredAt != nil {
		event.OccurredAt = asked.OccurredAt.UTC()
	}
	return event
}

// GetContact gives one contact.
func (s *server) GetContact(c *gin.Context, bot, userID string) {
	contact, err := s.books(c).Contact(c.Request.Context(), bot, userID)
	s.answer(c, contact, err, unknownContact)
}

// GetLink gives a contact's referral link for an entry point.
func (s *server) GetLink(c *gin.Context, bot, userID, entryPoint string, params openapi.GetLinkParams) {
	rules, err := s.books(c).Program(c.Request.Context(), bot, 0)
	if err != nil {
		s.fail(c, err, unknownBot)
		return
	}
	if _, known := rules.EntryPoint(entryPoint); !known {
		s.problem(c, unknownEntryPoint)
		return
	}
	url, ref, account, err := s.books(c).Link(c.Request.Context(), bot, userID, entryPoint, valueOf(params.Account))
	s.answer(c, gin.H{"url": url, "ref": ref, "account": account}, err, unknownContact)
}

// ListReferrals lists referrals, newest first.
func (s *server) ListReferrals(c *gin.Context, bot string, params openapi.ListReferralsParams) {
	before, ok := s.startOfPage(c, params.Cursor)
	if !ok || !s.known(c, bot) {
		return
	}
	filter := referral.Filter{
		Status: referral.Status(valueOf(params.Status)), EntryPoint: valueOf(params.EntryPoint),
		Referrer: valueOf(params.Referrer), Invitee: valueOf(params.Invitee),
	}
	most := pageSize(params.Limit)
	views, err := s.books(c).Referrals(c.Request.Context(), bot, filter, before, most+1)
	if err != nil {
		s.fail(c, err, unknownBot)
		return
	}
	for i := range views {
		views[i].WorkflowURL = s.workflowURL(views[i].Workflow)
	}
	answerPage(c, views, most, func(v referral.View) string { return strconv.FormatInt(v.ID, 10) })
}

// GetReferral gives one referral with everything it led to.
func (s *server) GetReferral(c *gin.Context, bot, id string) {
	number := idOf(id)
	if number == 0 {
		s.problem(c, unknownReferral) // the books would take it for any referral
		return
	}
	detail, err := s.books(c).Referral(c.Request.Context(), bot, number)
	detail.WorkflowURL = s.workflowURL(detail.Workflow)
	s.answer(c, detail, err, unknownReferral)
}

// GetLeaderboard ranks contacts by a number field.
func (s *server) GetLeaderboard(c *gin.Context, bot string, params openapi.GetLeaderboardParams) {
	field := valueOf(params.Field)
	rules, err := s.books(c).Program(c.Request.Context(), bot, 0)
	if err == nil {
		field, err = rankedField(rules, field)
	}
	if err != nil {
		s.fail(c, err, unknownBot)
		return
	}
	leaders, err := s.books(c).Leaderboard(c.Request.Context(), bot, field, pageSize(params.Limit))
	s.answer(c, gin.H{"field": field, "items": leaders}, err, unknownBot)
}

// rankedField is the field asked for, or the only number field there is.
func rankedField(rules *program.Program, asked string) (string, error) {
	var numbers []string
	for name, field := range rules.Fields {
		if field.Type == program.NumberField {
			numbers = append(numbers, name)
		}
	}
	if asked == "" && len(numbers) == 1 {
		return numbers[0], nil
	}
	if rules.Fields[asked].Type == program.NumberField {
		return asked, nil
	}
	return "", newProblem("unknown_field")
}

// ListDeliveries lists messages, newest first.
func (s *server) ListDeliveries(c *gin.Context, bot string, params openapi.ListDeliveriesParams) {
	before, ok := s.startOfPage(c, params.Cursor)
	if !ok || !s.known(c, bot) {
		return
	}
	filter := referral.DeliveryFilter{State: string(valueOf(params.State)), UserID: valueOf(params.UserId), Account: valueOf(params.Account)}
	most := pageSize(params.Limit)
	views, err := s.books(c).Deliveries(c.Request.Context(), bot, filter, before, most+1)
	if err != nil {
		s.fail(c, err, unknownBot)
		return
	}
	answerPage(c, views, most, func(v referral.DeliveryView) string { return strconv.FormatInt(v.ID, 10) })
}

// GetStock counts a reward's codes.
func (s *server) GetStock(c *gin.Context, bot, reward string) {
	rules, ok := s.pooled(c, bot, reward)
	if !ok {
		return
	}
	stock, err := s.books(c).Stock(c.Request.Context(), bot, reward)
	stock.Low = isLow(rules.Rewards[reward], stock)
	s.answer(c, stock, err, unknownReward)
}

// ImportCodes adds codes to a reward's pool and serves the grants that wait for one.
func (s *server) ImportCodes(c *gin.Context, bot, reward string, _ openapi.ImportCodesParams) {
	var asked openapi.NewCodes
	if _, ok := s.pooled(c, bot, reward); !ok || !s.read(c, &asked) {
		return
	}
	codes := make([]string, 0, len(asked.Codes))
	for _, code := range asked.Codes {
		if code = strings.TrimSpace(channel.CleanText(code)); code != "" {
			codes = append(codes, code)
		}
	}
	done, err := s.books(c).ImportCodes(c.Request.Context(), bot, reward, codes)
	if err != nil {
		s.fail(c, err, unknownReward)
		return
	}
	stock, err := s.books(c).Stock(c.Request.Context(), bot, reward)
	s.answer(c, gin.H{"added": done.Added, "served": done.Served, "free": stock.Free}, err, unknownReward)
}

// pooled gives the program in force if it has this reward with a code pool, and answers when it hasn't.
func (s *server) pooled(c *gin.Context, bot, reward string) (rules *program.Program, ok bool) {
	rules, err := s.books(c).Program(c.Request.Context(), bot, 0)
	if err != nil {
		s.fail(c, err, unknownBot)
		return nil, false
	}
	if rules.Rewards[reward].Codes != program.CodePool {
		s.problem(c, unknownReward)
		return nil, false
	}
	return rules, true
}

// ListParked lists what was set aside.
func (s *server) ListParked(c *gin.Context, bot string, params openapi.ListParkedParams) {
	before, ok := s.startOfPage(c, params.Cursor)
	if !ok || !s.known(c, bot) {
		return
	}
	most := pageSize(params.Limit)
	views, err := s.books(c).Parked(c.Request.Context(), bot, before, most+1)
	if err != nil {
		s.fail(c, err, unknownBot)
		return
	}
	answerPage(c, views, most, func(v referral.ParkedView) string { return strconv.FormatInt(v.ID, 10) })
}

// ReplayParked works on a parked event again; a webhook is read anew first, and stays parked if it still can't be.
func (s *server) ReplayParked(c *gin.Context, bot, event string, _ openapi.ReplayParkedParams) {
	id := idOf(event)
	account, raw, err := s.books(c).ParkedWebhook(c.Request.Context(), bot, id)
	if err == nil && len(raw) > 0 {
		err = s.readAgain(c, bot, account, raw)
	}
	if err == nil {
		err = s.books(c).Replay(c.Request.Context(), bot, id)
	}
	if err != nil {
		s.fail(c, err, unknownParked)
		return
	}
	c.JSON(http.StatusAccepted, gin.H{"id": event})
}

func (s *server) readAgain(c *gin.Context, bot, account string, raw []byte) error {
	home, err := s.books(c).Account(c.Request.Context(), bot, account)
	if err != nil {
		return err
	}
	adapter, known := s.Channels[home.Channel]
	if !known {
		return stillUnreadable("this binary has no channel " + home.Channel)
	}
	events, err := adapter.Parse(home, raw)
	if err != nil {
		return stillUnreadable(err.Error())
	}
	_, err = s.Inbox.Add(c.Request.Context(), bot, account, events)
	if errors.Is(err, channel.ErrBadEvent) {
		return stillUnreadable("the event holds data that can't be stored")
	}
	return err
}

func stillUnreadable(reason string) problem {
	return newProblem("still_unreadable").saying("It stays parked: " + reason + ".")
}
