package program

import (
	"strconv"
	"strings"
)

// The codes of problems. They are stable: people search for them, and programs tell them apart.
const (
	codeSourceTooLong        = "source_too_long"
	codeNotUTF8              = "not_utf8"
	codeNotYAML              = "not_yaml"
	codeTabIndentation       = "tab_indentation"
	codeUnquotedColon        = "unquoted_colon"
	codeAnchorRefused        = "anchor_refused"
	codeEmptyProgram         = "empty_program"
	codeSeveralDocuments     = "several_documents"
	codeTooDeep              = "too_deep"
	codeTooMany              = "too_many"
	codeMappingExpected      = "mapping_expected"
	codeListExpected         = "list_expected"
	codeTextExpected         = "text_expected"
	codeQuotesNeeded         = "quotes_needed"
	codeNumberExpected       = "number_expected"
	codeNumberTooBig         = "number_too_big"
	codeTrueOrFalse          = "true_or_false_expected"
	codeEmptyText            = "empty_text"
	codeTextTooLong          = "text_too_long"
	codeControlCharacter     = "control_character"
	codeDuplicateKey         = "duplicate_key"
	codeUnknownKey           = "unknown_key"
	codeMissingKey           = "missing_key"
	codeBadName              = "bad_name"
	codeReservedName         = "reserved_name"
	codeBadLocale            = "bad_locale"
	codeUnknownFieldType     = "unknown_field_type"
	codeNoEntryPoints        = "no_entry_points"
	codeBadEntryPointName    = "bad_entry_point_name"
	codeAmbiguousEntryPoint  = "ambiguous_entry_point_name"
	codeUnknownAttribution   = "unknown_attribution"
	codeKeywordWithoutWords  = "keyword_without_words"
	codeDuplicateKeyword     = "duplicate_keyword"
	codeUnknownTrigger       = "unknown_trigger"
	codeUnknownCodeSource    = "unknown_code_source"
	codeStepExpected         = "step_expected"
	codeMissingAction        = "missing_action"
	codeUnknownAction        = "unknown_action"
	codeTwoActions           = "two_actions"
	codeBadPicture           = "bad_picture"
	codeVariableInReply      = "variable_in_quick_reply"
	codeDuplicateReply       = "duplicate_quick_reply"
	codeBadWebhookName       = "bad_webhook_name"
	codeBadWithKey           = "bad_with_key"
	codeZeroIncrement        = "zero_increment"
	codeIncrementOfText      = "increment_of_text"
	codeBadDuration          = "bad_duration"
	codeMissingSubject       = "missing_subject"
	codeTwoSubjects          = "two_subjects"
	codeMissingOperator      = "missing_operator"
	codeTwoOperators         = "two_operators"
	codeJoinNotAlone         = "join_not_alone"
	codeNothingToJoin        = "nothing_to_join"
	codeUnknownOperator      = "unknown_operator"
	codeOperatorNotForTag    = "operator_not_for_tag"
	codeOperatorNotForNumber = "operator_not_for_number"
	codeOperatorNotForText   = "operator_not_for_text"
	codeUnknownFlow          = "unknown_flow"
	codeUnknownField         = "unknown_field"
	codeUnknownEntryPoint    = "unknown_entry_point"
	codeUnknownReward        = "unknown_reward"
	codeUnknownVariable      = "unknown_variable"
	codeEmptyVariable        = "empty_variable"
	codeUnclosedVariable     = "unclosed_variable"
	codeCodeOutsideMessage   = "code_outside_message"
	codeRewardWithoutCodes   = "reward_without_codes"
	codeFlowCycle            = "flow_cycle"
	codeFlowMultiplies       = "flow_multiplies"
	codeBadLinkSuffix        = "bad_link_suffix"
	codeBadMoment            = "bad_moment"
	codeEndsBeforeStart      = "ends_before_start"
	codeBadChannelName       = "bad_channel_name"
	codePositiveExpected     = "positive_number_expected"
	codeUnknownHold          = "unknown_hold"
	codeUnknownApproval      = "unknown_approval"
	codeHoldWithoutTime      = "hold_without_time"
	codeUnknownVoidPolicy    = "unknown_void_policy"
	codeUnknownPerson        = "unknown_person"
	codeRewardOfOtherTrigger = "reward_of_other_trigger"
	codeUnknownRedemption    = "unknown_redemption"
	codeStockWithoutCodes    = "stock_without_codes"
	codeEveryOfNothing       = "every_of_nothing"

	codeEmptyList         = "empty_list"
	codeNoRewardBefore    = "no_reward_before"
	codeEqualsSkipped     = "equals_skipped"
	codeAtLeastRepeats    = "at_least_repeats"
	codeReachesNeverHolds = "reaches_never_holds"
	codeReachesTooEarly   = "reaches_too_early"
	codeUnheardReply      = "quick_reply_unheard"
	codeFlowNeverUsed     = "flow_never_used"
	codeNobodyElse        = "nobody_else"
	codeApprovedTwice     = "approved_twice"
	codeCapNeverMet       = "cap_never_met"
	codeNeverQualified    = "never_qualified"
	codeReversedAnyway    = "reversed_anyway"
	codeForNobody         = "for_nobody"
	codeForWhileHeld      = "for_while_held"
	codeRewardCircle      = "reward_circle"
	codeNeverExpires      = "never_expires"
)

// A message says in each language what is wrong and what to do. {0} stands for the problem's first argument.
type message struct{ es, en string }

// suggesting are the problems whose second argument, if there is one, is the name that was probably meant.
var suggesting = map[string]bool{
	codeUnknownKey: true, codeUnknownFieldType: true, codeUnknownAttribution: true, codeUnknownTrigger: true,
	codeUnknownCodeSource: true, codeUnknownAction: true, codeUnknownOperator: true, codeUnknownFlow: true,
	codeUnknownHold: true, codeUnknownApproval: true, codeUnknownVoidPolicy: true, codeUnknownPerson: true, codeUnknownRedemption: true,
	codeUnknownField: true, codeUnknownEntryPoint: true, codeUnknownReward: true, codeUnknownVariable: true,
}

// Message says what is wrong and what to do about it, in Spanish for "es" and in English for anything else.
func (p Problem) Message(lang string) string {
	text, hint := messages[p.Code].en, " Did you mean “{1}”?"
	if isSpanish(lang) {
		text, hint = messages[p.Code].es, " ¿Quisiste decir «{1}»?"
	}
	if text == "" {
		text = p.Code
	}
	if suggesting[p.Code] && len(p.Args) > 1 {
		text += hint
	}
	return fillArgs(text, p.Args)
}

func fillArgs(text string, args []string) string {
	var pairs []string
	for i, arg := range args {
		pairs = append(pairs, "{"+strconv.Itoa(i)+"}", arg)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

func isSpanish(lang string) bool {
	return lang == "es" || strings.HasPrefix(lang, "es-") || strings.HasPrefix(lang, "es_")
}
