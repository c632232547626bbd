package notify

import "github.com/tarndb/tarn/sql/pgerr"

// Bounds of PostgreSQL: NAMEDATALEN, and what fits a page of its queue. Both count bytes and are excluded.
const (
	nameLimit    = 64
	payloadLimit = 8000
)

// Pending is what a transaction has asked for so far. The zero value is empty.
type Pending struct {
	messages []Message
	seen     map[Message]struct{}
	actions  []action
}

// action is LISTEN, UNLISTEN or, without a channel, UNLISTEN *.
type action struct {
	listen  bool
	channel string
}

// Mark is a place in a Pending, for savepoints.
type Mark struct{ messages, actions int }

// Notify adds a message unless the transaction has it already. Errors: 22023.
func (p *Pending) Notify(m Message) error {
	switch {
	case m.Channel == "":
		return pgerr.New(pgerr.InvalidParameterValue, "channel name cannot be empty")
	case len(m.Channel) >= nameLimit:
		return pgerr.New(pgerr.InvalidParameterValue, "channel name too long")
	case len(m.Payload) >= payloadLimit:
		return pgerr.New(pgerr.InvalidParameterValue, "payload string too long")
	}
	if _, dup := p.seen[m]; dup {
		return nil
	}
	if p.seen == nil {
		p.seen = map[Message]struct{}{}
	}
	p.seen[m] = struct{}{}
	p.messages = append(p.messages, m)
	return nil
}

func (p *Pending) Listen(channel string) { p.actions = append(p.actions, action{true, channel}) }

// Unlisten stops listening; "" is every channel.
func (p *Pending) Unlisten(channel string) { p.actions = append(p.actions, action{false, channel}) }

// Empty tells that the commit needs nothing of the hub.
func (p *Pending) Empty() bool { return len(p.messages) == 0 && len(p.actions) == 0 }

func (p *Pending) Mark() Mark { return Mark{len(p.messages), len(p.actions)} }

// Restore forgets what came after the mark.
func (p *Pending) Restore(m Mark) {
	for _, gone := range p.messages[m.messages:] {
		delete(p.seen, gone)
	}
	p.messages, p.actions = p.messages[:m.messages], p.actions[:m.actions]
}
