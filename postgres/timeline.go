package postgres

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"

	"github.com/millenniumm/referrals/postgres/db"
	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
)

// Timeline gives a referral and up to most of the moments it went through, in the order they happened. ErrNotFound when there is none
// of that id.
func (s *Store) Timeline(ctx context.Context, bot string, id int64, most int) (referral.View, []referral.Moment, error) {
	views, err := s.queries.Referrals(ctx, db.ReferralsParams{BotID: bot, Before: math.MaxInt64, ReferralID: id, Most: 1})
	if err != nil {
		return referral.View{}, nil, fmt.Errorf("read the referral: %w", err)
	}
	if len(views) == 0 {
		return referral.View{}, nil, fmt.Errorf("read the referral: %w", referral.ErrNotFound)
	}
	rows, err := s.queries.ReferralMoments(ctx, db.ReferralMomentsParams{BotID: bot, ReferralID: id, Most: int32(most)})
	if err != nil {
		return referral.View{}, nil, fmt.Errorf("read the timeline: %w", err)
	}
	moments := make([]referral.Moment, len(rows))
	for i, row := range rows {
		if moments[i], err = momentOf(row); err != nil {
			return referral.View{}, nil, err
		}
	}
	return viewOf(views[0]), moments, nil
}

// History gives up to most of what happened to a contact before a place (referral.Newest: from the newest), newest first. ErrNotFound when
// the bot doesn't know the contact.
func (s *Store) History(ctx context.Context, bot, userID string, before referral.Place, most int) ([]referral.Moment, error) {
	contact, err := s.queries.ContactByUserID(ctx, db.ContactByUserIDParams{BotID: bot, UserID: userID})
	if err != nil {
		return nil, notFound("find the contact", err)
	}
	rows, err := s.queries.ContactMoments(ctx, db.ContactMomentsParams{
		BotID: bot, ContactID: contact.ContactID, At: before.At, Place: before.Nth, ID: before.ID, Most: int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("read the history: %w", err)
	}
	moments := make([]referral.Moment, len(rows))
	for i, row := range rows {
		if moments[i], err = momentOf(ofContact(row, userID)); err != nil {
			return nil, err
		}
	}
	return moments, nil
}

// ofContact is a row of a history as one of a timeline: all of them happened to the contact.
func ofContact(row db.ContactMomentsRow, userID string) db.ReferralMomentsRow {
	return db.ReferralMomentsRow{
		At: row.At, Place: row.Place, ID: row.ID, Kind: row.Kind, Segment: row.Segment, Data: row.Data,
		ReferralID: row.ReferralID, ReferralKind: row.ReferralKind, Role: row.Role,
		UserID: userID, FirstName: row.FirstName, OtherUserID: row.OtherUserID, OtherFirstName: row.OtherFirstName,
	}
}

func momentOf(row db.ReferralMomentsRow) (referral.Moment, error) {
	moment := referral.Moment{
		Place: referral.Place{At: row.At.UTC(), Nth: row.Place, ID: row.ID}, Kind: referral.MomentKind(row.Kind), Referral: row.ReferralID,
		To: referral.Somebody{UserID: row.UserID, FirstName: row.FirstName}, Other: referral.Somebody{UserID: row.OtherUserID, FirstName: row.OtherFirstName},
	}
	numbers := json.NewDecoder(bytes.NewReader(row.Data))
	numbers.UseNumber()
	if err := numbers.Decode(&moment.Data); err != nil {
		return referral.Moment{}, fmt.Errorf("read a moment: %w", err)
	}
	for name, value := range map[string]string{"role": row.Role, "other_user_id": row.OtherUserID} {
		if value != "" {
			moment.Data[name] = value
		}
	}
	switch moment.Kind {
	case referral.MomentOpening:
		recallRef(&moment)
	case referral.MomentPoints, referral.MomentSet, referral.MomentGrant, referral.MomentMessage, referral.MomentCall:
		moment.Data["why"] = referral.Why(row.Segment, referral.Kind(row.ReferralKind), program.Role(row.Role))
	}
	if text, written := moment.Data["text"].(string); written {
		moment.Data["text"] = shown(text)
	}
	return moment, nil
}

// recallRef gives the ref of an opening whose event the inbox no longer has.
func recallRef(moment *referral.Moment) {
	if entryPoint, _ := moment.Data["entry_point"].(string); moment.Data["ref"] == "" && moment.Other.UserID != "" {
		moment.Data["ref"] = referral.Ref{EntryPoint: entryPoint, Referrer: moment.Other.UserID}.String()
	}
}
