package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/gin-gonic/gin"

	"github.com/millenniumm/referrals/referral"
)

// A contract is openapi.yaml at work: every request to the REST API is held against it before a handler sees it.
type contract struct {
	router     routers.Router
	operations map[string]*openapi3.Operation // by method and path as gin knows them: "GET /v1/bots/:bot"
}

func loadContract(source []byte) (*contract, error) {
	document, err := openapi3.NewLoader().LoadFromData(source)
	if err != nil {
		return nil, fmt.Errorf("read openapi.yaml: %w", err)
	}
	if err := document.Validate(context.Background()); err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	router, err := gorillamux.NewRouter(document)
	if err != nil {
		return nil, fmt.Errorf("route openapi.yaml: %w", err)
	}
	operations := map[string]*openapi3.Operation{}
	for path, item := range document.Paths.Map() {
		for method, operation := range item.Operations() {
			if !slices.Contains(allScopes, scopeOf(operation)) {
				return nil, fmt.Errorf("openapi.yaml: %s has no x-scope that we know", operation.OperationID)
			}
			operations[method+" "+parameterPattern.ReplaceAllString(path, ":$1")] = operation
		}
	}
	return &contract{router, operations}, nil
}

var (
	parameterPattern = regexp.MustCompile(`{([^}]+)}`)
	allScopes        = append([]referral.Scope{referral.ScopeAdmin}, referral.KeyScopes...)
)

// operation is what gin's router found for a request: what is allowed is decided on what is then done.
func (k *contract) operation(c *gin.Context) *openapi3.Operation {
	return k.operations[c.Request.Method+" "+c.FullPath()]
}

// scopeOf is what a key needs to do an operation.
func scopeOf(operation *openapi3.Operation) referral.Scope {
	scope, _ := operation.Extensions["x-scope"].(string)
	return referral.Scope(scope)
}

// check refuses a request that isn't as the contract says, naming everything that is wrong with it.
func (k *contract) check(s *server) gin.HandlerFunc {
	return func(c *gin.Context) {
		route, parameters, err := k.router.FindRoute(c.Request)
		if err != nil {
			s.problem(c, notHere)
			return
		}
		err = openapi3filter.ValidateRequest(c.Request.Context(), &openapi3filter.RequestValidationInput{
			Request: c.Request, PathParams: parameters, Route: route,
			Options: &openapi3filter.Options{
				MultiError:         true,
				AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, // authorize has seen to it
				// A program's mistakes are told by its own parser, with their lines.
				ExcludeRequestBody: isProgram(route.Operation),
			},
		})
		if err != nil {
			s.problem(c, contractProblem(err))
			return
		}
		if isProgram(route.Operation) && !takesType(route.Operation, c.ContentType()) {
			s.problem(c, badRequest("Send the program as application/yaml or application/json.",
				item{Path: "header.Content-Type", Detail: c.ContentType() + " is neither"}))
		}
	}
}

// isProgram says whether an operation's body is a program.
func isProgram(operation *openapi3.Operation) bool {
	return operation.RequestBody != nil && operation.RequestBody.Value.Content["application/yaml"] != nil
}

// takesType says whether a body may be of this type; of none, it is taken for the first.
func takesType(operation *openapi3.Operation, contentType string) bool {
	return contentType == "" || operation.RequestBody.Value.Content[contentType] != nil
}

// contractProblem lists what a request got wrong, each thing at its place and in plain words.
func contractProblem(err error) problem {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return tooLarge
	}
	items := contractItems(err)
	return badRequest(fmt.Sprintf("Mend %s and send it again; /openapi.yaml has the contract.", countOf(items)), items...)
}

func countOf(items []item) string {
	if len(items) == 1 {
		return "what is listed in problems"
	}
	return fmt.Sprintf("the %d things listed in problems", len(items))
}

func contractItems(err error) []item {
	var several openapi3.MultiError
	var request *openapi3filter.RequestError
	var schema *openapi3.SchemaError
	switch {
	case errors.As(err, &several) && !isRequestError(err):
		var items []item
		for _, each := range several {
			items = append(items, contractItems(each)...)
		}
		return items
	case errors.As(err, &request):
		return requestItems(request)
	case errors.As(err, &schema):
		return []item{{Path: strings.Join(schema.JSONPointer(), "."), Detail: schema.Reason}}
	default:
		return []item{{Path: "", Detail: err.Error()}}
	}
}

func isRequestError(err error) bool {
	_, is := err.(*openapi3filter.RequestError) //nolint:errorlint // the outermost only: it may hold several
	return is
}

func requestItems(request *openapi3filter.RequestError) []item {
	place := "body"
	if request.Parameter != nil {
		place = request.Parameter.In + "." + request.Parameter.Name
	}
	if request.Err == nil {
		return []item{{Path: place, Detail: request.Reason}}
	}
	items := contractItems(request.Err)
	for i := range items {
		items[i].Path = strings.TrimSuffix(place+"."+items[i].Path, ".")
	}
	return items
}
