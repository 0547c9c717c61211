package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/gin-gonic/gin"
)

// A contract is openapi.yaml at work: every request to the REST API is held against it before a handler sees it.
type contract struct{ router routers.Router }

func loadContract() (*contract, error) {
	document, err := openapi3.NewLoader().LoadFromData(contractSource)
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
	return &contract{router}, nil
}

// check refuses a request that isn't as the contract says, naming everything that is wrong with it.
func (k *contract) check(s *server) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxRequest)
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
				ExcludeRequestBody: strings.HasSuffix(route.Path, "/program"),
			},
		})
		if err != nil {
			s.problem(c, contractProblem(err))
		}
	}
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
