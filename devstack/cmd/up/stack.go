package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/millenniumm/referrals/devstack/postgres"
)

const (
	product  = "millennium"
	temporal = "temporal"

	productDatabase = "millennium"

	productGrace  = 15 * time.Second
	temporalGrace = 12 * time.Second

	apiTimeout      = time.Minute
	temporalTimeout = 3 * time.Minute
)

// stack is everything `make run` starts.
type stack struct {
	settings settings
	environ  []string // what the children's environments are based on
	console  *console
	secrets  secrets

	postgres *postgres.Server
	product  *child
	temporal *child

	temporalStart *task // starts Temporal, having compiled it if needed; nil until begun
}

func newStack(settings settings, environ []string, console *console) *stack {
	return &stack{settings: settings, environ: environ, console: console}
}

// run starts everything and returns when it has all stopped: after ctx was cancelled, or because something failed.
func (s *stack) run(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer func() { err = errors.Join(err, s.stop()) }()
	// Runs before stop: what is still being compiled or started must not outlive us.
	defer func() { cancel(nil); _ = s.temporalStart.wait() }()

	if err := s.start(ctx, cancel); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		return err
	}
	s.console.print(s.banner())
	<-ctx.Done()
	return context.Cause(ctx)
}

// start brings everything up in the order in which it becomes useful. A child's unexpected end is reported to fail.
func (s *stack) start(ctx context.Context, fail context.CancelCauseFunc) (err error) {
	if s.secrets, err = loadSecrets(s.settings); err != nil {
		return err
	}
	if err := s.prepare(ctx, fail); err != nil {
		return err
	}
	for _, command := range []string{"migrate", "seed"} {
		if err := s.settings.runOnce(ctx, s.environment(), command); err != nil {
			return err
		}
	}
	if err := s.startProduct(ctx, fail); err != nil {
		return err
	}
	if s.temporalStart == nil && s.settings.ownTemporal {
		s.console.say("building the Temporal server: about 5 minutes on two cores, the first time only; " +
			"until it runs, what comes in waits in the inbox")
		s.temporalStart = begin(func() error { return s.buildAndStartTemporal(ctx, fail) })
	}
	return s.temporalStart.wait()
}

// prepare builds the product while PostgreSQL starts, and Temporal too if an earlier run has compiled it.
func (s *stack) prepare(ctx context.Context, fail context.CancelCauseFunc) error {
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error {
		s.console.say("building %s", product)
		return beginBuild(groupCtx, s.settings, product, s.settings.root).wait(s.report)
	})
	group.Go(func() error {
		if err := s.startPostgres(groupCtx, fail); err != nil {
			return err
		}
		if s.settings.ownTemporal && s.settings.isCurrent(temporal, s.settings.devstack()) {
			s.temporalStart = begin(func() error { return s.startTemporal(ctx, fail) })
		}
		return nil
	})
	return group.Wait()
}

func (s *stack) startPostgres(ctx context.Context, fail context.CancelCauseFunc) (err error) {
	if !s.settings.needsPostgres() {
		return nil
	}
	_ = os.Remove(s.settings.logFile("postgres")) // like the other logs, it is of one run
	s.postgres, err = postgres.Start(ctx, postgres.Options{
		Dir: s.settings.file("postgres"), Durable: true,
		LogFile: s.settings.logFile("postgres"), Log: s.console,
	})
	if err != nil {
		return err
	}
	go func() {
		<-s.postgres.Done()
		fail(fmt.Errorf("postgres ended unexpectedly; its log is %s", s.settings.shown(s.postgres.LogFile())))
	}()
	s.console.say("postgres is ready on 127.0.0.1:%d", s.postgres.Port())
	if s.settings.databaseURL != "" {
		return nil
	}
	return s.postgres.CreateDatabase(ctx, productDatabase)
}

func (s *stack) startProduct(ctx context.Context, fail context.CancelCauseFunc) (err error) {
	if s.product, err = s.settings.startChild(product, s.environment(), nil, "serve"); err != nil {
		return err
	}
	s.watch(s.product, fail)
	if err := awaitHTTP(ctx, s.settings.pageURL()+"/healthz", apiTimeout); err != nil {
		return fmt.Errorf("%s does not answer: %w; its log is %s", product, err, s.settings.shown(s.product.logFile))
	}
	s.console.say("the api answers at %s", s.settings.pageURL())
	return nil
}

// buildAndStartTemporal is begun when the api answers, which the long build would delay.
func (s *stack) buildAndStartTemporal(ctx context.Context, fail context.CancelCauseFunc) error {
	module := s.settings.devstack()
	before, err := sources(module)
	if err != nil {
		return err
	}
	if err := s.settings.forgetSources(temporal); err != nil {
		return err
	}
	if err := beginBuild(ctx, s.settings, temporal, module).wait(s.report); err != nil {
		return err
	}
	if err := s.settings.noteSources(temporal, before); err != nil {
		return err
	}
	return s.startTemporal(ctx, fail)
}

func (s *stack) report(b *build) { s.console.progress("building %s: %s", b.name, b) }

func (s *stack) startTemporal(ctx context.Context, fail context.CancelCauseFunc) error {
	s.console.say("starting Temporal")
	output, stdout, err := os.Pipe()
	if err != nil {
		return err
	}
	defer output.Close()
	environment := append(slices.Clone(s.environ), "MILLENNIUM_DEV_DATABASE_URL="+s.postgres.URL("postgres"))
	s.temporal, err = s.settings.startChild(temporal, environment, stdout,
		"--address", s.settings.temporalAddress, "--ui-address", s.settings.uiAddress)
	stdout.Close()
	if err != nil {
		return err
	}
	s.watch(s.temporal, fail)
	if _, err := awaitLine(ctx, output, temporalTimeout); err != nil {
		return fmt.Errorf("temporal: %w; its log is %s", err, s.settings.shown(s.temporal.logFile))
	}
	s.console.say("Temporal is ready")
	return nil
}

// watch reports a child's end to fail, which ignores all but the first report and any made while stopping.
func (s *stack) watch(c *child, fail context.CancelCauseFunc) {
	go func() {
		<-c.process.Done()
		fail(c.died(s.settings))
	}()
}

// stop ends the children, those that use others first.
func (s *stack) stop() error {
	if s.product == nil && s.temporal == nil && s.postgres == nil {
		return nil
	}
	s.console.say("stopping")
	failures := []error{stopChild(s.product, productGrace), stopChild(s.temporal, temporalGrace)}
	if s.postgres != nil {
		failures = append(failures, s.postgres.Stop())
	}
	err := errors.Join(failures...)
	if err == nil {
		s.console.say("stopped; the data stays in %s", s.settings.shown(s.settings.data))
	}
	return err
}

func stopChild(c *child, grace time.Duration) error {
	if c == nil {
		return nil
	}
	if err := c.process.Stop(syscall.SIGTERM, grace); err != nil {
		return fmt.Errorf("stop %s: %w", c.name, err)
	}
	return nil
}

func (s *stack) productURL() string {
	if s.settings.databaseURL != "" {
		return s.settings.databaseURL
	}
	return s.postgres.URL(productDatabase)
}

// environment is what the product runs with; later entries win.
func (s *stack) environment() []string {
	environment := append(slices.Clone(s.environ),
		"DATABASE_URL="+s.productURL(),
		"TEMPORAL_ADDRESS="+s.settings.temporalAddress,
		addressVariable+"="+s.settings.address,
		"MILLENNIUM_ADMIN_TOKEN="+s.secrets.adminToken,
		"MILLENNIUM_ENCRYPTION_KEY="+s.secrets.encryptionKey,
		"MILLENNIUM_PRIVATE_NETWORKS=allow", // the stand-ins for platforms are on this machine
	)
	if s.settings.ownTemporal {
		environment = append(environment, "MILLENNIUM_TEMPORAL_UI=http://"+s.settings.uiAddress)
	}
	return environment
}

func awaitHTTP(ctx context.Context, url string, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for {
		err := getOnce(ctx, url)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func getOnce(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, response.Status)
	}
	return nil
}
