package api

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"time"

	"github.com/gin-gonic/gin"
)

//go:embed assets
var assets embed.FS

// assetTypes are the kinds of file we serve; what machines know of endings differs.
var assetTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

// asset serves one of the pages' files. Browsers ask each time whether theirs is still good, so that a page never meets the
// scripts of another release.
func (s *server) asset(name string) gin.HandlerFunc {
	content, err := fs.ReadFile(assets, path.Join("assets", name))
	if err != nil {
		return func(c *gin.Context) { s.problem(c, notHere) }
	}
	hash := sha256.Sum256(content)
	tag := `"` + hex.EncodeToString(hash[:12]) + `"`
	return func(c *gin.Context) {
		c.Header("Content-Type", assetTypes[path.Ext(name)])
		c.Header("ETag", tag)
		c.Header("Cache-Control", "no-cache")
		c.Header("X-Content-Type-Options", "nosniff")
		c.Header("Cross-Origin-Resource-Policy", "cross-origin") // the widget stands in other sites
		http.ServeContent(c.Writer, c.Request, name, time.Time{}, bytes.NewReader(content))
	}
}

// serveAssets gives every file its address, and the widget the short one that sites embed.
func (s *server) serveAssets(router gin.IRouter) error {
	files, err := fs.ReadDir(assets, "assets")
	if err != nil {
		return err
	}
	for _, file := range files {
		router.GET("/assets/"+file.Name(), s.asset(file.Name()))
	}
	router.GET("/chat.js", s.asset("widget.js"))
	return nil
}
