package s3

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/minio/minio-go/v7/pkg/credentials"
)

// metadataTimeout bounds the search for the credentials of a machine's role.
const metadataTimeout = 5 * time.Second

// role is what a profile says of a role that is taken on for it.
type role struct {
	arn, session, external string
	source                 string // the profile whose keys ask for it
	tokenFile              string // or the file of the token that does
}

func roleOf(profile map[string]string) (role, error) {
	r := role{profile["role_arn"], first(profile["role_session_name"], "tarn"), profile["external_id"], profile["source_profile"],
		profile["web_identity_token_file"]}
	switch {
	case r.arn == "":
		return role{}, nil
	case r.source == "" && r.tokenFile == "":
		return role{}, errors.New("role_arn needs source_profile or web_identity_token_file") // credential_source is not built
	}
	return r, nil
}

// providers are asked in this order, that of AWS's own SDKs, until one has keys: the environment, a web identity, the profile, a
// container's or a machine's role.
func (p *place) providers(getenv func(string) string) []credentials.Provider {
	list := []credentials.Provider{&environment{getenv: getenv}}
	if file := getenv("AWS_WEB_IDENTITY_TOKEN_FILE"); file != "" {
		list = append(list, p.webIdentity(getenv, file, getenv("AWS_ROLE_ARN"), first(getenv("AWS_ROLE_SESSION_NAME"), "tarn")))
	}
	switch keys := (&credentials.FileAWSCredentials{Filename: getenv("AWS_SHARED_CREDENTIALS_FILE"), Profile: p.profile}); {
	case p.role.tokenFile != "":
		list = append(list, p.webIdentity(getenv, p.role.tokenFile, p.role.arn, p.role.session))
	case p.role.arn != "":
		keys.Profile = p.role.source
		list = append(list, &assumed{source: keys, role: p.role, region: p.region, endpoint: p.tokenService(getenv)})
	default:
		list = append(list, keys)
	}
	// It reads AWS_CONTAINER_AUTHORIZATION_TOKEN and …_TOKEN_FILE by itself.
	machine := &credentials.IAM{Client: &http.Client{Timeout: metadataTimeout}, Region: p.region}
	machine.Container.CredentialsRelativeURI = getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
	machine.Container.CredentialsFullURI = getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI")
	if first(machine.Container.CredentialsRelativeURI, machine.Container.CredentialsFullURI) == "" {
		if getenv("AWS_EC2_METADATA_DISABLED") == "true" {
			return list
		}
		machine.Endpoint = getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT")
	}
	return append(list, machine)
}

func (p *place) webIdentity(getenv func(string) string, file, arn, session string) credentials.Provider {
	w := &credentials.IAM{Client: &http.Client{Timeout: metadataTimeout}, Region: p.region, Endpoint: p.tokenService(getenv)}
	w.EKSIdentity.TokenFile, w.EKSIdentity.RoleARN, w.EKSIdentity.RoleSessionName = file, arn, session
	return w
}

// tokenService is where roles are asked for.
func (p *place) tokenService(getenv func(string) string) string {
	switch e := first(getenv("AWS_ENDPOINT_URL_STS"), getenv("AWS_ENDPOINT_URL")); {
	case e != "":
		return e
	case p.region == "":
		return credentials.DefaultSTSRoleEndpoint
	}
	return fmt.Sprintf("https://sts.%s.amazonaws.com", p.region)
}

// environment are AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.
type environment struct {
	getenv func(string) string
	had    bool
}

func (e *environment) Retrieve() (credentials.Value, error) {
	v := credentials.Value{AccessKeyID: e.getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: e.getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken: e.getenv("AWS_SESSION_TOKEN"), SignerType: credentials.SignatureV4}
	if v.AccessKeyID == "" || v.SecretAccessKey == "" {
		return credentials.Value{SignerType: credentials.SignatureAnonymous}, nil // the chain goes on
	}
	e.had = true
	return v, nil
}

func (e *environment) RetrieveWithCredContext(*credentials.CredContext) (credentials.Value, error) {
	return e.Retrieve()
}

func (e *environment) IsExpired() bool { return !e.had }

// assumed are the keys of a role, which those of another profile ask for.
type assumed struct {
	credentials.Expiry
	source           *credentials.FileAWSCredentials
	role             role
	region, endpoint string
}

func (a *assumed) Retrieve() (credentials.Value, error) { return a.RetrieveWithCredContext(nil) }

func (a *assumed) RetrieveWithCredContext(cc *credentials.CredContext) (credentials.Value, error) {
	keys, err := a.source.RetrieveWithCredContext(cc)
	if err != nil {
		return keys, err
	}
	sts := &credentials.STSAssumeRole{Client: &http.Client{Timeout: metadataTimeout}, STSEndpoint: a.endpoint, Options: credentials.STSAssumeRoleOptions{
		AccessKey: keys.AccessKeyID, SecretKey: keys.SecretAccessKey, SessionToken: keys.SessionToken, Location: first(a.region, "us-east-1"),
		RoleARN: a.role.arn, RoleSessionName: a.role.session, ExternalID: a.role.external}}
	v, err := sts.RetrieveWithCredContext(cc)
	if err == nil {
		a.SetExpiration(v.Expiration, credentials.DefaultExpiryWindow)
	}
	return v, err
}
