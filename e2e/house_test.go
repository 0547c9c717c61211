package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/millenniumm/referrals/channel/telegram/telegramtest"
)

const (
	adminToken    = "e2e-admin-token-0123456789"
	encryptionKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	botToken      = "12345:AAAAAAAAAAAAAAAAAAAAAAAA"
	webhookSecret = "s3cret"
)

// A house is one whole installation of its own: database, namespace, api, worker, a bot "cafe" with a Telegram account.
type house struct {
	t           *testing.T
	environment []string
	address     string
	database    *pgxpool.Pool
	namespace   string
	temporal    client.Client
	telegram    *telegramtest.API
	telegramURL string
	api, worker *child
	updates     atomic.Int64
}

// newHouse starts everything but the worker and gives the bot a program.
func newHouse(t *testing.T, on *temporalServer, program string) *house {
	t.Helper()
	name := strings.ToLower(strings.NewReplacer("/", "_", " ", "_").Replace(t.Name())) + strconv.FormatInt(time.Now().UnixNano()%1e6, 10)
	h := &house{t: t, address: freePort(), namespace: name, telegram: telegramtest.New(botToken)}
	fake := httptest.NewServer(h.telegram)
	t.Cleanup(fake.Close)
	h.telegramURL = fake.URL
	h.makeDatabase(name)
	h.makeNamespace(on)
	h.environment = []string{
		"DATABASE_URL=" + inDatabase(os.Getenv("MILLENNIUM_TEST_DATABASE_URL"), name), "TEMPORAL_ADDRESS=" + on.address, "TEMPORAL_NAMESPACE=" + name,
		"MILLENNIUM_ADDR=" + h.address, "MILLENNIUM_ADMIN_TOKEN=" + adminToken, "MILLENNIUM_ENCRYPTION_KEY=" + encryptionKey,
		"MILLENNIUM_PRIVATE_NETWORKS=allow", // the platforms are played on loopback
	}
	h.runToEnd("migrate")
	h.startAPI()
	h.must("POST", "/v1/bots", `{"id":"cafe","name":"Café"}`, http.StatusCreated)
	h.must("PUT", "/v1/bots/cafe/accounts/tg", fmt.Sprintf(
		`{"channel":"telegram","external_id":"cafe_bot","api_base_url":%q,"credentials":{"token":%q,"secret_token":%q}}`,
		h.telegramURL, botToken, webhookSecret), http.StatusOK)
	h.must("PUT", "/v1/bots/cafe/program", program, http.StatusOK)
	return h
}

func (h *house) makeDatabase(name string) {
	h.t.Helper()
	ctx := background(h.t)
	server, err := pgx.Connect(ctx, os.Getenv("MILLENNIUM_TEST_DATABASE_URL"))
	h.check(err)
	_, err = server.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
	h.check(err)
	h.check(server.Close(ctx))
	settings, err := pgxpool.ParseConfig(inDatabase(os.Getenv("MILLENNIUM_TEST_DATABASE_URL"), name))
	h.check(err)
	settings.MaxConns = 3
	h.database, err = pgxpool.NewWithConfig(ctx, settings)
	h.check(err)
	h.t.Cleanup(h.database.Close)
}

func (h *house) makeNamespace(on *temporalServer) {
	h.t.Helper()
	namespaces, err := client.NewNamespaceClient(client.Options{HostPort: on.address, Logger: quiet()})
	h.check(err)
	defer namespaces.Close()
	h.check(namespaces.Register(background(h.t), &workflowservice.RegisterNamespaceRequest{
		Namespace: h.namespace, WorkflowExecutionRetentionPeriod: durationpb.New(72 * time.Hour),
	}))
	h.temporal, err = client.NewLazyClient(client.Options{HostPort: on.address, Namespace: h.namespace, Logger: quiet()})
	h.check(err)
	h.t.Cleanup(h.temporal.Close)
}

func (h *house) check(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) runToEnd(arguments ...string) {
	h.t.Helper()
	process, err := startChild(arguments[0], h.environment, binaries.millennium, arguments...)
	h.check(err)
	<-process.exited
	if !process.command.ProcessState.Success() {
		h.t.Fatalf("millennium %v failed:\n%s", arguments, process.output.String())
	}
}

func (h *house) start(name string) *child {
	h.t.Helper()
	process, err := startChild(name, h.environment, binaries.millennium, name)
	h.check(err)
	h.t.Cleanup(func() {
		process.kill()
		if h.t.Failed() {
			h.t.Logf("%s said:\n%s", name, process.output.String())
		}
	})
	return process
}

func (h *house) startAPI() {
	h.t.Helper()
	h.api = h.start("api")
	eventually(h.t, "the api starts", func() error {
		answer, err := http.Get("http://" + h.address + "/readyz")
		if err != nil {
			return err
		}
		defer func() { _ = answer.Body.Close() }()
		return wantStatus(answer.StatusCode, http.StatusOK)
	})
}

func (h *house) startWorker() { h.worker = h.start("worker") }

// call makes a REST request.
func (h *house) call(method, path, body string) (int, []byte) {
	h.t.Helper()
	request, err := http.NewRequestWithContext(background(h.t), method, "http://"+h.address+path, strings.NewReader(body))
	h.check(err)
	request.Header.Set("Authorization", "Bearer "+adminToken)
	request.Header.Set("Content-Type", "application/json")
	if strings.HasSuffix(path, "/program") {
		request.Header.Set("Content-Type", "application/yaml")
	}
	return h.do(request)
}

func (h *house) do(request *http.Request) (int, []byte) {
	h.t.Helper()
	answer, err := http.DefaultClient.Do(request)
	h.check(err)
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	h.check(err)
	return answer.StatusCode, body
}

func (h *house) must(method, path, body string, status int) []byte {
	h.t.Helper()
	got, answer := h.call(method, path, body)
	if got != status {
		h.t.Fatalf("%s %s: %d instead of %d: %s", method, path, got, status, answer)
	}
	return answer
}

// get reads a REST resource of the bot into something.
func (h *house) get(path string, into any) {
	h.t.Helper()
	h.check(json.Unmarshal(h.must("GET", "/v1/bots/cafe"+path, "", http.StatusOK), into))
}

// update is a Telegram update as Telegram sends it.
func (h *house) update(id, from int64, name, text string) []byte {
	body, err := json.Marshal(map[string]any{
		"update_id": id,
		"message": map[string]any{
			"message_id": id, "date": time.Now().Unix(), "text": text,
			"from": map[string]any{"id": from, "is_bot": false, "first_name": name, "language_code": "es"},
			"chat": map[string]any{"id": from, "type": "private", "first_name": name},
		},
	})
	h.check(err)
	return body
}

// post sends a webhook and gives the status it was answered with.
func (h *house) post(body []byte, secret string) int {
	h.t.Helper()
	request, err := http.NewRequestWithContext(background(h.t), "POST", "http://"+h.address+"/webhooks/telegram/cafe/tg", bytes.NewReader(body))
	h.check(err)
	if secret != "" {
		request.Header.Set("X-Telegram-Bot-Api-Secret-Token", secret)
	}
	status, _ := h.do(request)
	return status
}

// says lets somebody write to the bot on Telegram.
func (h *house) says(from int64, name, text string) {
	h.t.Helper()
	if status := h.post(h.update(h.updates.Add(1), from, name, text), webhookSecret); status != http.StatusOK {
		h.t.Fatalf("the webhook was answered with %d", status)
	}
}

// texts gives what Telegram was asked to send to a chat, in order.
func (h *house) texts(chat int64) []string {
	var texts []string
	for _, message := range h.telegram.Messages() {
		if message.ChatID == chat {
			texts = append(texts, message.Text)
		}
	}
	return texts
}

// hears waits until a chat has been sent so many messages, and gives them.
func (h *house) hears(chat int64, count int) []string {
	h.t.Helper()
	eventually(h.t, fmt.Sprintf("chat %d hears %d messages", chat, count), func() error {
		if got := h.texts(chat); len(got) < count {
			return fmt.Errorf("it has heard %q", got)
		}
		return nil
	})
	return h.texts(chat)
}

// userID is the public id of somebody on Telegram.
func (h *house) userID(from int64) string {
	h.t.Helper()
	return one[string](h, `SELECT user_id FROM contacts JOIN identities USING (bot_id, contact_id) WHERE external_id = $1`, strconv.FormatInt(from, 10))
}

// one reads one value from the books.
func one[T any](h *house, query string, arguments ...any) T {
	h.t.Helper()
	var value T
	h.check(h.database.QueryRow(background(h.t), query, arguments...).Scan(&value))
	return value
}

// booked waits until a query gives a value.
func booked[T comparable](h *house, want T, query string, arguments ...any) {
	h.t.Helper()
	eventually(h.t, query, func() error {
		if got := one[T](h, query, arguments...); got != want {
			return fmt.Errorf("%v instead of %v", got, want)
		}
		return nil
	})
}

// sound checks what must hold in every house at every end: the books add up.
func (h *house) sound() {
	h.t.Helper()
	for what, query := range map[string]string{
		"fields that differ from their ledger": `
			SELECT count(*) FROM fields f
			WHERE number <> (SELECT coalesce(sum(delta), 0) FROM ledger l WHERE l.bot_id = f.bot_id AND l.contact_id = f.contact_id AND l.field = f.field)`,
		"attribution keys credited twice": `
			SELECT count(*) FROM (SELECT FROM referrals WHERE status IN ('pending', 'credited') GROUP BY bot_id, attribution_key HAVING count(*) > 1) AS twice`,
		"rewards granted twice": `
			SELECT count(*) FROM (SELECT FROM grants WHERE revoked_at IS NULL GROUP BY bot_id, contact_id, reward, occurrence HAVING count(*) > 1) AS twice`,
		"codes given twice": `
			SELECT count(*) FROM (SELECT FROM reward_codes WHERE grant_id IS NOT NULL GROUP BY bot_id, grant_id HAVING count(*) > 1) AS twice`,
	} {
		if count := one[int](h, query); count != 0 {
			h.t.Errorf("%s: %d", what, count)
		}
	}
}

func wantStatus(got, want int) error {
	if got != want {
		return fmt.Errorf("status %d instead of %d", got, want)
	}
	return nil
}

func (h *house) result(ctx context.Context, workflow string, into any) {
	h.t.Helper()
	h.check(h.temporal.GetWorkflow(ctx, workflow, "").Get(ctx, into))
}

// tryPost sends a webhook that may fail because the api is being killed.
func (h *house) tryPost(body []byte) (int, error) {
	request, err := http.NewRequestWithContext(background(h.t), "POST", "http://"+h.address+"/webhooks/telegram/cafe/tg", bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("X-Telegram-Bot-Api-Secret-Token", webhookSecret)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	return answer.StatusCode, answer.Body.Close()
}

func testDatabase() string { return os.Getenv("MILLENNIUM_TEST_DATABASE_URL") }
