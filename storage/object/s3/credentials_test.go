package s3

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7/pkg/credentials"
)

// tokenServer is AWS's security token service and a machine's metadata service: what it gives says what it was asked.
func tokenServer(t *testing.T) *httptest.Server {
	t.Helper()
	expires := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := func(key, token string) {
			fmt.Fprintf(w, `{"Code":"Success","AccessKeyId":%q,"SecretAccessKey":"s","Token":%q,"Expiration":%q}`, key, token, expires)
		}
		switch {
		case r.Method == http.MethodPut && r.URL.Path == "/latest/api/token":
			fmt.Fprint(w, "imds")
		case r.URL.Path == "/latest/meta-data/iam/security-credentials/" && r.Header.Get("X-aws-ec2-metadata-token") == "imds":
			fmt.Fprint(w, "machine")
		case r.URL.Path == "/latest/meta-data/iam/security-credentials/machine" && r.Header.Get("X-aws-ec2-metadata-token") == "imds":
			answer("machine", "of the machine")
		case r.URL.Path == "/container" && r.Header.Get("Authorization") == "pod":
			answer("container", "of the container")
		case r.Method == http.MethodPost && r.URL.Path == "/":
			if err := r.ParseForm(); err != nil {
				t.Error(err)
			}
			action, key := r.Form.Get("Action"), r.Form.Get("RoleArn")+"/"+r.Form.Get("RoleSessionName")
			token := "for " + r.Form.Get("WebIdentityToken")
			if action == "AssumeRole" {
				who, _, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential="), "/")
				token = fmt.Sprintf("for %s %s %s", who, r.Header.Get("X-Amz-Security-Token"), r.Form.Get("ExternalId"))
			}
			fmt.Fprintf(w, `<%[1]sResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><%[1]sResult><Credentials><AccessKeyId>%[2]s</AccessKeyId>`+
				`<SecretAccessKey>s</SecretAccessKey><SessionToken>%[3]s</SessionToken><Expiration>%[4]s</Expiration></Credentials></%[1]sResult></%[1]sResponse>`,
				action, key, token, expires)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// Keys come from where AWS's SDKs look for them, in their order, with their session tokens.
func TestCredentials(t *testing.T) {
	s, dir := tokenServer(t), t.TempDir()
	t.Setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "pod")
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	base := map[string]string{
		"AWS_ENDPOINT_URL_STS": s.URL, "AWS_EC2_METADATA_SERVICE_ENDPOINT": s.URL, "AWS_REGION": "eu-north-1",
		"AWS_SHARED_CREDENTIALS_FILE": write("keys", "[default]\naws_access_key_id = file\naws_secret_access_key = s\n"+
			"[short]\naws_access_key_id = short\naws_secret_access_key = s\naws_session_token = of the file\n"),
		"AWS_CONFIG_FILE": write("config", "[profile taken]\nrole_arn = arn:taken\nsource_profile = short\nexternal_id = us\n"+
			"[profile pod]\nrole_arn = arn:pod\nweb_identity_token_file = "+write("token", "identity")+"\nrole_session_name = night\n"+
			"[profile odd]\nrole_arn = arn:odd\ncredential_source = Environment\n"),
	}
	for _, c := range []struct {
		name string
		env  map[string]string
		want string // key and session token; or part of the error
	}{
		{"the environment", map[string]string{"AWS_ACCESS_KEY_ID": "env", "AWS_SECRET_ACCESS_KEY": "s"}, "env|"},
		{"a session", map[string]string{"AWS_ACCESS_KEY_ID": "env", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t"}, "env|t"},
		{"half of the environment", map[string]string{"AWS_ACCESS_KEY_ID": "env"}, "file|"},
		{"the file", nil, "file|"},
		{"a profile with a session", map[string]string{"AWS_PROFILE": "short"}, "short|of the file"},
		{"a role taken on", map[string]string{"AWS_PROFILE": "taken"}, "arn:taken/tarn|for short of the file us"},
		{"a profile's web identity", map[string]string{"AWS_PROFILE": "pod"}, "arn:pod/night|for identity"},
		{"a role without keys", map[string]string{"AWS_PROFILE": "odd"}, "role_arn needs source_profile"},
		{"a web identity before the file", map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": filepath.Join(dir, "token"), "AWS_ROLE_ARN": "arn:web"}, "arn:web/tarn|for identity"},
		{"a container", map[string]string{"AWS_PROFILE": "none", "AWS_CONTAINER_CREDENTIALS_FULL_URI": s.URL + "/container"}, "container|of the container"},
		{"a machine", map[string]string{"AWS_PROFILE": "none"}, "machine|of the machine"},
		{"nobody", map[string]string{"AWS_PROFILE": "none", "AWS_EC2_METADATA_DISABLED": "true"}, "|"},
	} {
		getenv := func(name string) string {
			if v, ok := c.env[name]; ok {
				return v
			}
			return base[name]
		}
		p, err := findPlace(getenv)
		if err != nil {
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		v, err := credentials.NewChainCredentials(p.providers(getenv)).GetWithContext(nil)
		if got := v.AccessKeyID + "|" + v.SessionToken; got != c.want || err != nil {
			t.Errorf("%s: %s %v, want %s", c.name, got, err, c.want)
		}
	}
}

// A request has the session token of the environment.
func TestSessionTokenIsSent(t *testing.T) {
	s := newServer(t)
	var sent []string
	s.failing(func(r *http.Request) failure {
		sent = append(sent, r.Header.Get("X-Amz-Security-Token"))
		return fine
	})
	st, err := Open("s3://lake", Options{Getenv: func(name string) string {
		if name == "AWS_SESSION_TOKEN" {
			return "temporary"
		}
		return s.getenv(name)
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Put(t.Context(), "k", []byte("v")); err != nil {
		t.Fatal(err)
	}
	if len(sent) == 0 || sent[len(sent)-1] != "temporary" {
		t.Errorf("tokens %q", sent)
	}
}
