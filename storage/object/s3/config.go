package s3

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"gopkg.in/ini.v1"
)

// place is where a bucket is and who asks, as AWS's own tools find it out: environment before configuration file.
type place struct {
	endpoint *url.URL // nil: AWS
	region   string   // "": asked of the service
	virtual  bool     // the bucket is in the host's name though the endpoint is not AWS's
	profile  string
	role     role // of the profile
}

func findPlace(getenv func(string) string) (place, error) {
	p := place{profile: first(getenv("AWS_PROFILE"), "default")}
	file := profileOf(getenv, p.profile)
	var err error
	if p.role, err = roleOf(file); err != nil {
		return p, fmt.Errorf("profile %s: %w", p.profile, err)
	}
	p.region = first(getenv("AWS_REGION"), getenv("AWS_DEFAULT_REGION"), file["region"])
	p.virtual = strings.EqualFold(getenv("AWS_VIRTUAL_HOSTED_STYLE_REQUEST"), "true")
	e := first(getenv("AWS_ENDPOINT_URL_S3"), getenv("AWS_ENDPOINT_URL"), file["endpoint_url"])
	if e == "" {
		return p, nil
	}
	u, err := url.Parse(e)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
		return p, fmt.Errorf("endpoint %q is not http://host[:port] or https://host[:port]", e)
	}
	p.endpoint = u
	p.region = first(p.region, "us-east-1")
	return p, nil
}

// profileOf reads a profile of AWS's configuration file. What cannot be read is empty, as with AWS's tools.
func profileOf(getenv func(string) string, profile string) map[string]string {
	name := getenv("AWS_CONFIG_FILE")
	if name == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil
		}
		name = filepath.Join(home, ".aws", "config")
	}
	f, err := ini.Load(name)
	if err != nil {
		return nil
	}
	section := profile
	if profile != "default" {
		section = "profile " + profile
	}
	s, err := f.GetSection(section)
	if err != nil {
		return nil
	}
	return s.KeysHash()
}

func first(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

func (p *place) client(getenv func(string) string) (*minio.Core, error) {
	opt := &minio.Options{Secure: true, Region: p.region, Transport: transport(), MaxRetries: 1,
		Creds: credentials.NewChainCredentials(p.providers(getenv))}
	host := "s3.amazonaws.com"
	if p.endpoint != nil {
		host, opt.Secure = p.endpoint.Host, p.endpoint.Scheme == "https"
		opt.BucketLookup = minio.BucketLookupPath
		if p.virtual {
			opt.BucketLookup = minio.BucketLookupDNS
		}
	}
	c, err := minio.NewCore(host, opt)
	if err != nil {
		return nil, err
	}
	c.SetAppInfo("tarn", "0")
	return c, nil
}

func transport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		MaxIdleConns:          64,
		MaxIdleConnsPerHost:   32,
		IdleConnTimeout:       time.Minute,
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: 10 * time.Second,
		DisableCompression:    true, // a length that is not the object's would look like damage
	}
}
