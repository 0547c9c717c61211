package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// The contract, read from its file once for all tests: not from the server under test.
var (
	readContract = sync.OnceValues(func() (*openapi3.T, error) {
		document, err := openapi3.NewLoader().LoadFromFile("openapi.yaml")
		if err != nil {
			return nil, err
		}
		return document, document.Validate(context.Background())
	})
	readRouter = sync.OnceValues(func() (routers.Router, error) {
		document, err := readContract()
		if err != nil {
			return nil, err
		}
		return gorillamux.NewRouter(document)
	})
)

func theContract(t *testing.T) *openapi3.T {
	t.Helper()
	document, err := readContract()
	if err != nil {
		t.Fatal(err)
	}
	return document
}

// operationOf gives the contract's operation for a request; nil when it has none.
func operationOf(t *testing.T, request *http.Request) (*routers.Route, map[string]string) {
	t.Helper()
	router, err := readRouter()
	if err != nil {
		t.Fatal(err)
	}
	route, parameters, err := router.FindRoute(request)
	if err != nil {
		return nil, nil
	}
	return route, parameters
}

// holdAgainstContract fails the test when an answer is not as openapi.yaml says: status, content type, and a body with
// everything it must have and nothing that isn't documented. Every refusal outside the contract is a problem document, too.
func holdAgainstContract(t *testing.T, request *http.Request, got answer) {
	t.Helper()
	what := request.Method + " " + request.URL.String()
	if got.status >= http.StatusBadRequest && request.URL.Path != "/readyz" {
		holdProblem(t, what, got)
	}
	route, parameters := operationOf(t, request)
	if route == nil {
		return
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: request, PathParams: parameters, Route: route},
		Status:                 got.status, Header: got.header,
		Options: &openapi3filter.Options{
			IncludeResponseStatus: true, MultiError: true,
			// kin-openapi would parse it; in the contract it is the author's text.
			ExcludeResponseBody: mediaType(got) == "application/yaml",
		},
	}
	input.SetBodyBytes(got.body)
	if err := openapi3filter.ValidateResponse(request.Context(), input); err != nil {
		t.Errorf("%s: the answer breaks the contract: %v\n%s", what, err, got.body)
		return
	}
	holdDocumented(t, what, route.Operation, got)
}

// holdProblem checks the shape of RFC 9457 that all our refusals have.
func holdProblem(t *testing.T, what string, got answer) {
	t.Helper()
	if mediaType(got) != "application/problem+json" {
		t.Errorf("%s: %d with content type %q", what, got.status, got.header.Get("Content-Type"))
		return
	}
	said := got.problem(t)
	if !strings.HasPrefix(said.Type, "/problems/") || said.Title == "" || said.Detail == "" || said.Status != got.status {
		t.Errorf("%s: %d is not a whole problem document: %s", what, got.status, got.body)
	}
	for _, item := range said.Problems {
		if item.Detail == "" {
			t.Errorf("%s: a problem without words: %s", what, got.body)
		}
	}
}

// holdDocumented looks for members of the answer that the contract doesn't name.
func holdDocumented(t *testing.T, what string, operation *openapi3.Operation, got answer) {
	t.Helper()
	response := operation.Responses.Status(got.status)
	if response == nil {
		response = operation.Responses.Default()
	}
	media := response.Value.Content.Get(mediaType(got))
	if media == nil || !strings.HasSuffix(mediaType(got), "json") {
		return
	}
	var body any
	if err := json.Unmarshal(got.body, &body); err != nil {
		t.Errorf("%s: %v: %s", what, err, got.body)
		return
	}
	if extra := undocumented(media.Schema.Value, body, "body"); len(extra) > 0 {
		t.Errorf("%s: the contract doesn't name %v: %s", what, extra, got.body)
	}
}

func undocumented(schema *openapi3.Schema, value any, path string) []string {
	var extra []string
	switch value := value.(type) {
	case []any:
		for i, each := range value {
			extra = append(extra, undocumented(schema.Items.Value, each, fmt.Sprintf("%s[%d]", path, i))...)
		}
	case map[string]any:
		if schema.AdditionalProperties.Has != nil || schema.AdditionalProperties.Schema != nil {
			return nil // a map, whose keys are data
		}
		known := properties(schema)
		for name, member := range value {
			if property, ok := known[name]; ok {
				extra = append(extra, undocumented(property.Value, member, path+"."+name)...)
			} else {
				extra = append(extra, path+"."+name)
			}
		}
	}
	slices.Sort(extra)
	return extra
}

// properties are those of a schema and of everything it is made of.
func properties(schema *openapi3.Schema) openapi3.Schemas {
	all := openapi3.Schemas{}
	for name, property := range schema.Properties {
		all[name] = property
	}
	for _, part := range schema.AllOf {
		for name, property := range properties(part.Value) {
			all[name] = property
		}
	}
	return all
}

func mediaType(got answer) string {
	media, _, _ := mime.ParseMediaType(got.header.Get("Content-Type"))
	return media
}
