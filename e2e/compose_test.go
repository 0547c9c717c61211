package e2e

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/millenniumm/referrals/channel/telegram/telegramtest"
	"github.com/millenniumm/referrals/internal/config"
)

// A composed is docker-compose.yml as far as these tests look.
type composed struct {
	Services map[string]service
	Volumes  map[string]any
}

type service struct {
	Image, Restart string
	Build          any
	Command        []string
	Entrypoint     []string
	Environment    map[string]string
	Ports          []string
	Volumes        []string
	Healthcheck    *struct {
		Test              []string
		Interval, Timeout string
		StartPeriod       string `yaml:"start_period"`
		Retries           int
	}
	DependsOn map[string]struct{ Condition string } `yaml:"depends_on"`
}

// What an operator must put in .env, with values as the compose file's messages tell them to make.
var operatorsSecrets = map[string]string{
	"MILLENNIUM_POSTGRES_PASSWORD": "0123456789abcdef0123456789abcdef0123456789abcdef",
	"MILLENNIUM_ADMIN_TOKEN":       adminToken,
	"MILLENNIUM_ENCRYPTION_KEY":    encryptionKey,
}

// readCompose reads docker-compose.yml as Compose does with this environment: interpolation first, then YAML.
func readCompose(environment map[string]string) (composed, error) {
	var read composed
	source, err := os.ReadFile(filepath.Join("..", "docker-compose.yml"))
	if err != nil {
		return read, err
	}
	filled, err := interpolate(string(source), environment)
	if err != nil {
		return read, err
	}
	return read, yaml.Unmarshal([]byte(filled), &read)
}

func mustReadCompose(t *testing.T) composed {
	t.Helper()
	read, err := readCompose(operatorsSecrets)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

var reference = regexp.MustCompile(`\$\{([A-Z_]+)(?::([-?])([^}]*))?\}`)

// interpolate fills in ${NAME}, ${NAME:-default} and ${NAME:?message}, and lists every message that is due.
func interpolate(source string, environment map[string]string) (string, error) {
	missing := map[string]string{}
	filled := reference.ReplaceAllStringFunc(source, func(found string) string {
		parts := reference.FindStringSubmatch(found)
		name, operator, word := parts[1], parts[2], parts[3]
		if value := environment[name]; value != "" {
			return value
		}
		if operator == "?" {
			missing[name] = word
		}
		if operator == "-" {
			return word
		}
		return ""
	})
	var problems []error
	for name, message := range missing {
		problems = append(problems, fmt.Errorf("%s: %s", name, message))
	}
	return filled, errors.Join(problems...)
}

// partsOf are what each of our commands reads beyond the database.
var partsOf = map[string]config.Part{"migrate": 0, "api": config.API | config.Keys, "worker": config.Workers | config.Keys}

func TestComposeAsksForItsSecretsAndSaysHowToMakeThem(t *testing.T) {
	t.Parallel()
	_, err := readCompose(nil)
	if err == nil {
		t.Fatal("it starts without any secret")
	}
	for name := range operatorsSecrets {
		if !strings.Contains(err.Error(), name+": make one with `openssl rand -") {
			t.Errorf("it doesn't say how to make %s: %v", name, err)
		}
	}
	if lines := strings.Count(err.Error(), "\n") + 1; lines != len(operatorsSecrets) {
		t.Errorf("it asks for %d things instead of %d: %v", lines, len(operatorsSecrets), err)
	}
	example, err := os.ReadFile(filepath.Join("..", "deploy", "env.example"))
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(filepath.Join("..", "docker-compose.yml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, used := range reference.FindAllStringSubmatch(string(source), -1) {
		if name := used[1]; strings.HasPrefix(name, "MILLENNIUM_") && name != "MILLENNIUM_VERSION" && !strings.Contains(string(example), name+"=") {
			t.Errorf("deploy/env.example doesn't name %s", name)
		}
	}
}

func TestComposeGivesOurProcessesTheEnvironmentTheyRead(t *testing.T) {
	t.Parallel()
	for name, parts := range partsOf {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			environment := mustReadCompose(t).Services[name].Environment
			known := variablesOf(t, parts)
			for variable := range environment {
				if !slices.Contains(known, variable) {
					t.Errorf("%s is given, but %s reads only %v", variable, name, known)
				}
			}
			command := exec.Command(binaries.millennium, name, "--help")
			if output, err := command.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, output)
			}
			if problems := refusalOf(environment, parts); problems != nil {
				t.Errorf("it doesn't start: %v", problems)
			}
		})
	}
}

// refusalOf is what a process with this environment says before it does anything. Temporal's variables are read from the
// process' own environment, and checked by the test that starts them.
func refusalOf(environment map[string]string, parts config.Part) error {
	_, err := config.Load(func(name string) string { return environment[name] }, parts)
	return err
}

// variablesOf are the variables that internal/config asks for, and those of the SDK's envconfig for what talks to Temporal.
func variablesOf(t *testing.T, parts config.Part) []string {
	t.Helper()
	asked := map[string]bool{}
	_, _ = config.Load(func(name string) string { asked[name] = true; return "" }, parts)
	if parts&(config.API|config.Workers) != 0 {
		for _, name := range []string{
			"TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE", "TEMPORAL_API_KEY", "TEMPORAL_TLS", "TEMPORAL_TLS_CLIENT_CERT_PATH", "TEMPORAL_TLS_CLIENT_KEY_PATH",
		} {
			asked[name] = true
		}
	}
	if !asked["DATABASE_URL"] {
		t.Fatal("internal/config doesn't even ask for DATABASE_URL")
	}
	return slices.Sorted(maps.Keys(asked))
}

// Each of these must be missed when it isn't given: else the test above would prove nothing.
func TestComposeLeavesNoRequiredVariableOut(t *testing.T) {
	t.Parallel()
	for name, required := range map[string][]string{
		"migrate": {"DATABASE_URL"},
		"api":     {"DATABASE_URL", "MILLENNIUM_ADMIN_TOKEN", "MILLENNIUM_ENCRYPTION_KEY"},
		"worker":  {"DATABASE_URL", "MILLENNIUM_ENCRYPTION_KEY"},
	} {
		environment := mustReadCompose(t).Services[name].Environment
		for _, variable := range required {
			without := maps.Clone(environment)
			delete(without, variable)
			if err := refusalOf(without, partsOf[name]); err == nil || !strings.Contains(err.Error(), variable) {
				t.Errorf("%s without %s says %v", name, variable, err)
			}
		}
	}
	services := mustReadCompose(t).Services
	for _, name := range []string{"api", "worker"} {
		for variable, want := range map[string]string{"TEMPORAL_ADDRESS": "temporal:7233", "TEMPORAL_NAMESPACE": "default"} {
			if got := services[name].Environment[variable]; got != want {
				t.Errorf("%s has %s=%q", name, variable, got)
			}
		}
	}
	if host, _, _ := net.SplitHostPort(services["api"].Environment["MILLENNIUM_ADDR"]); host != "0.0.0.0" {
		t.Errorf("the api listens on %q, where no other container reaches it", host)
	}
}

func TestComposeHasOneDatabaseServerForAll(t *testing.T) {
	t.Parallel()
	services := mustReadCompose(t).Services
	postgres := services["postgres"].Environment
	for _, name := range []string{"migrate", "api", "worker"} {
		database, err := url.Parse(services[name].Environment["DATABASE_URL"])
		if err != nil {
			t.Fatal(err)
		}
		password, _ := database.User.Password()
		if database.Host != "postgres:5432" || database.User.Username() != postgres["POSTGRES_USER"] || password != postgres["POSTGRES_PASSWORD"] ||
			database.Path != "/"+postgres["POSTGRES_DB"] {
			t.Errorf("%s connects to %s, unlike what postgres is made with", name, database.Redacted())
		}
	}
	temporal, schema := services["temporal"].Environment, services["temporal-schema"].Environment
	for ours, theirs := range map[string]string{"POSTGRES_SEEDS": "SQL_HOST", "DB_PORT": "SQL_PORT", "POSTGRES_USER": "SQL_USER", "POSTGRES_PWD": "SQL_PASSWORD", "DB": "SQL_PLUGIN"} {
		if temporal[ours] == "" || temporal[ours] != schema[theirs] {
			t.Errorf("temporal's %s is %q, its schema's %s is %q", ours, temporal[ours], theirs, schema[theirs])
		}
	}
	if temporal["POSTGRES_PWD"] != postgres["POSTGRES_PASSWORD"] || temporal["POSTGRES_USER"] != postgres["POSTGRES_USER"] {
		t.Error("temporal's user is not postgres'")
	}
	script := strings.Join(services["temporal-schema"].Command, "\n")
	for _, store := range []string{temporal["DBNAME"], temporal["VISIBILITY_DBNAME"]} {
		for _, step := range []string{"create-database", "setup-schema --version 0.0", "update-schema --schema-name postgresql/v12/" + strings.TrimPrefix(store, "temporal_")} {
			if !strings.Contains(script, "--database "+store+" "+step) {
				t.Errorf("nobody runs %s for %s", step, store)
			}
		}
	}
}

func TestComposeStartsInOrderAndWatchesEverything(t *testing.T) {
	t.Parallel()
	services := mustReadCompose(t).Services
	const healthy, done = "service_healthy", "service_completed_successfully"
	order := map[string]map[string]string{
		"postgres":           {},
		"temporal-schema":    {"postgres": healthy},
		"temporal":           {"temporal-schema": done},
		"temporal-namespace": {"temporal": healthy},
		"temporal-ui":        {"temporal": healthy},
		"migrate":            {"postgres": healthy},
		"api":                {"migrate": done},
		"worker":             {"migrate": done, "temporal-namespace": done},
	}
	if got, want := slices.Sorted(maps.Keys(services)), slices.Sorted(maps.Keys(order)); !slices.Equal(got, want) {
		t.Errorf("the services are %v instead of %v", got, want)
	}
	for name, waits := range order {
		each, got := services[name], map[string]string{}
		for on, how := range each.DependsOn {
			got[on] = how.Condition
			if how.Condition == healthy && services[on].Healthcheck == nil {
				t.Errorf("%s waits for the health of %s, which nobody checks", name, on)
			}
		}
		if !maps.Equal(got, waits) {
			t.Errorf("%s waits for %v instead of %v", name, got, waits)
		}
		oneShot := slices.Contains([]string{"temporal-schema", "temporal-namespace", "migrate"}, name)
		if oneShot != (each.Healthcheck == nil) || oneShot != strings.HasPrefix(each.Restart, "on-failure") || !oneShot && each.Restart != "unless-stopped" {
			t.Errorf("%s has restart %q and a health check: %t", name, each.Restart, each.Healthcheck != nil)
		}
		if check := each.Healthcheck; check != nil && (check.Interval == "" || check.Timeout == "" || check.StartPeriod == "" || check.Retries == 0) {
			t.Errorf("%s has a health check without bounds: %+v", name, check)
		}
		if each.Image == "" || strings.HasSuffix(each.Image, ":latest") || !strings.Contains(each.Image, ":") {
			t.Errorf("%s has no fixed image: %q", name, each.Image)
		}
	}
}

func TestComposeRunsOurImageWithCommandsItHas(t *testing.T) {
	t.Parallel()
	services := mustReadCompose(t).Services
	dockerfile, err := os.ReadFile(filepath.Join("..", "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	entrypoint := regexp.MustCompile(`(?m)^ENTRYPOINT \["(.+)"\]$`).FindSubmatch(dockerfile)
	if entrypoint == nil || filepath.Base(string(entrypoint[1])) != "millennium" {
		t.Fatalf("the image's entrypoint is %q", entrypoint)
	}
	var commands [][]string
	for _, name := range []string{"migrate", "api", "worker"} {
		if len(services[name].Command) != 1 || services[name].Command[0] != name || services[name].Build == nil || len(services[name].Entrypoint) > 0 {
			t.Errorf("%s runs %v with build %v", name, services[name].Command, services[name].Build)
		}
		commands = append(commands, services[name].Command)
		if check := services[name].Healthcheck; check != nil {
			if len(check.Test) < 3 || check.Test[0] != "CMD" || check.Test[1] != string(entrypoint[1]) {
				t.Errorf("%s is checked by %v: the image holds nothing but %s", name, check.Test, entrypoint[1])
				continue
			}
			commands = append(commands, check.Test[2:])
		}
	}
	if fallback := regexp.MustCompile(`(?m)^CMD \["(.+)"\]$`).FindSubmatch(dockerfile); fallback != nil {
		commands = append(commands, []string{string(fallback[1])})
	}
	for _, command := range commands {
		output, err := exec.Command(binaries.millennium, append(slices.Clone(command), "--help")...).CombinedOutput()
		// Cobra answers --help for a word it doesn't know, too: with the help of what stands before it.
		if usage := "millennium " + strings.Join(command, " "); err != nil || !strings.Contains(string(output), "\n  "+usage+" [flags]") {
			t.Errorf("%s is no command: %v %s", usage, err, output)
		}
	}
}

// Only the api and Temporal's UI are published, and unless told otherwise to this machine alone. Workers can be scaled, so
// nothing about them may be there only once.
func TestComposePublishesNoMoreThanItMust(t *testing.T) {
	t.Parallel()
	services := mustReadCompose(t).Services
	for name, each := range services {
		for _, port := range each.Ports {
			if !slices.Contains([]string{"api", "temporal-ui"}, name) || !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s publishes %s", name, port)
			}
		}
		for _, volume := range each.Volumes {
			source, _, _ := strings.Cut(volume, ":")
			if strings.HasPrefix(source, "./") {
				if _, err := os.Stat(filepath.Join("..", source)); err != nil {
					t.Errorf("%s mounts what isn't there: %v", name, err)
				}
			} else if _, declared := mustReadCompose(t).Volumes[source]; !declared {
				t.Errorf("%s mounts %s, which is no volume", name, source)
			}
		}
	}
	if !slices.ContainsFunc(services["postgres"].Volumes, func(volume string) bool { return strings.HasSuffix(volume, ":/var/lib/postgresql/data") }) {
		t.Error("what Postgres stores goes with its container")
	}
	_, ports, _ := strings.Cut(services["api"].Ports[0], ":")
	if _, inside, _ := strings.Cut(ports, ":"); !strings.HasSuffix(services["api"].Environment["MILLENNIUM_ADDR"], ":"+inside) {
		t.Errorf("the api listens on %s, but %s is published", services["api"].Environment["MILLENNIUM_ADDR"], inside)
	}
}

// The connections that all processes may open at once must fit into the server, with three workers, too.
func TestComposeHasConnectionsEnough(t *testing.T) {
	t.Parallel()
	const (
		temporal = 4 * (20 + 10) // services, each with a pool for history and one for visibility (defaults of Temporal's image)
		pool     = 20 + 1        // of the api and of each worker, and what it listens on
		spare    = 20            // migrate, schema, an operator's psql, the superuser's
	)
	command := strings.Join(mustReadCompose(t).Services["postgres"].Command, " ")
	_, number, _ := strings.Cut(command, "max_connections=")
	if most, err := strconv.Atoi(number); err != nil || most < temporal+4*pool+spare {
		t.Errorf("postgres is started with %q, %d connections are needed", command, temporal+4*pool+spare)
	}
}

// TestComposeTopology runs what docker-compose.yml runs, from the local binary: migrate, api and two workers as processes with
// exactly the environment of the file, hosts replaced, and their health checks.
func TestComposeTopology(t *testing.T) {
	t.Parallel()
	h := emptyHouse(t)
	services := mustReadCompose(t).Services
	here := func(name string) []string { return h.localEnvironment(services[name].Environment) }

	h.environment = here("migrate")
	h.runToEnd(services["migrate"].Command...)
	h.environment = here("api")
	if err := h.tryToEnd(services["api"].Healthcheck.Test[2:]...); err == nil {
		t.Error("the api's health check passes before there is an api")
	}
	h.startAPI()
	h.runToEnd(services["api"].Healthcheck.Test[2:]...)
	h.environment = here("worker")
	if err := h.tryToEnd(services["worker"].Healthcheck.Test[2:]...); err == nil {
		t.Error("the worker's health check passes before there is a worker")
	}
	h.startWorker()
	h.start("worker") // --scale worker=2
	eventually(t, "the worker's health check passes", func() error { return h.tryToEnd(services["worker"].Healthcheck.Test[2:]...) })

	h.must("POST", "/v1/bots", `{"id":"cafe","name":"Café"}`, http.StatusCreated)
	h.must("PUT", "/v1/bots/cafe/accounts/tg", fmt.Sprintf(
		`{"channel":"telegram","external_id":"cafe_bot","api_base_url":%q,"credentials":{"token":%q,"secret_token":%q}}`,
		h.telegramURL, botToken, webhookSecret), http.StatusOK)
	h.must("PUT", "/v1/bots/cafe/program", spanish(), http.StatusOK)
	anaID := h.meetAna()
	h.open(luis, "Luis", anaID)
	if got := h.hears(ana, 2)[1]; got != "Luis se unió. Tienes 2 puntos." {
		t.Errorf("Ana heard %q", got)
	}
	h.allSent()
	h.creditedOnce()
	var page struct {
		Items []struct {
			Status, Reason string
			Points         int
			WorkflowURL    string `json:"workflow_url"`
		}
	}
	h.get("/referrals", &page)
	if len(page.Items) != 1 || page.Items[0].Status != "credited" || page.Items[0].Points != 2 ||
		!strings.HasPrefix(page.Items[0].WorkflowURL, services["api"].Environment["MILLENNIUM_TEMPORAL_UI"]+"/namespaces/") {
		t.Errorf("the referrals are %+v", page)
	}
	var account struct{ Webhook string }
	h.get("/accounts/tg", &account)
	if account.Webhook != services["api"].Environment["MILLENNIUM_PUBLIC_URL"]+"/webhooks/telegram/cafe/tg" {
		t.Errorf("Telegram is sent to %s", account.Webhook)
	}
	h.api.stop()
	h.worker.stop()
	if !h.api.command.ProcessState.Success() || !h.worker.command.ProcessState.Success() {
		t.Errorf("stopped as Compose stops them, the api ended with %v, the worker with %v", h.api.command.ProcessState, h.worker.command.ProcessState)
	}
}

// emptyHouse has an address, a database, a namespace and a Telegram, and nothing that runs yet.
func emptyHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, address: freePort(), namespace: fmt.Sprintf("compose%d", time.Now().UnixNano()), telegram: telegramtest.New(botToken)}
	fake := httptest.NewServer(h.telegram)
	t.Cleanup(fake.Close)
	h.telegramURL = fake.URL
	h.makeDatabase(h.namespace)
	h.makeNamespace(shared)
	return h
}

// localEnvironment is a service's environment with the hosts and the namespace of this test, and nothing of ours that the
// test process has got.
func (h *house) localEnvironment(environment map[string]string) []string {
	h.t.Helper()
	local := map[string]string{}
	for _, inherited := range os.Environ() {
		name, _, _ := strings.Cut(inherited, "=")
		if name == "DATABASE_URL" || strings.HasPrefix(name, "MILLENNIUM_") || strings.HasPrefix(name, "TEMPORAL_") {
			local[name] = ""
		}
	}
	maps.Copy(local, environment)
	for name, value := range map[string]string{
		"DATABASE_URL": inDatabase(testDatabase(), h.namespace), "TEMPORAL_ADDRESS": shared.address, "TEMPORAL_NAMESPACE": h.namespace, "MILLENNIUM_ADDR": h.address,
		"MILLENNIUM_PRIVATE_NETWORKS": "allow", // Telegram is played on loopback
	} {
		if _, given := environment[name]; given {
			local[name] = value
		}
	}
	var pairs []string
	for name, value := range local {
		pairs = append(pairs, name+"="+value)
	}
	return pairs
}

// tryToEnd runs a command that may fail.
func (h *house) tryToEnd(arguments ...string) error {
	process, err := startChild(arguments[0], h.environment, binaries.millennium, arguments...)
	if err != nil {
		return err
	}
	<-process.exited
	if !process.command.ProcessState.Success() {
		return fmt.Errorf("millennium %v: %s", arguments, process.output.String())
	}
	return nil
}
