'use strict';
'require view';
'require form';
'require uci';
'require goipd.api as api';

/* Every section and option that goipd knows (docs/configuration.md). What is checked here is
 * checked again by the daemon, which has the last word. */

const yes = [ '1', 'on', 'true', 'yes', 'enabled' ];

/* A whole number; an empty field is goipd's default. */
function number(min, max, usual) {
	return { datatype: 'and(uinteger,range(%d,%d))'.format(min, max), placeholder: usual };
}

/* Something of a form; `what` says of which. */
function like(pattern, what, usual) {
	const whole = new RegExp('^(?:' + pattern + ')$');

	return {
		placeholder: usual,
		validate: (id, value) => !value || whole.test(value) || _('Expecting: %s').format(what)
	};
}

/* Adds an option to a section; `more` are properties of it. */
function add(s, tab, kind, name, title, help, ...more) {
	const o = tab ? s.taboption(tab, kind, name, title, help) : s.option(kind, name, title, help);

	/* UCI has five words for yes, and LuCI compares with one. */
	if (kind === form.Flag)
		o.load = id => {
			const value = uci.get('goipd', id, name);

			return value === null || value === undefined ? value : yes.includes(value) ? '1' : '0';
		};

	return Object.assign(o, ...more);
}

/* A choice of words, the usual one first. */
function choice(s, tab, name, title, help, words, ...more) {
	const o = add(s, tab, form.ListValue, name, title, help, { default: words[0][0] }, ...more);

	for (const w of words)
		o.value(w[0], w[1]);

	return o;
}

const needed = { rmempty: false };
const modal = { modalonly: true };
const secret = { password: true, modalonly: true };

const URL_HOST = '[A-Za-z0-9._-]+(:[0-9]+)?';
const ADDRESS = '([0-9]{1,3}([.][0-9]{1,3}){3}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]+)';
const hours = like('([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]', _('two times of the day'), '22:00-07:00');
const LINE = '[A-Za-z0-9_]{1,32}(/[1-9][0-9]?)?';
const ONE_LINE = [ '[A-Za-z0-9_]{1,32}/[1-9][0-9]?', _('a device, a slash and the number of a line'), 'office/1' ];

function daemon(m) {
	const s = m.section(form.TypedSection, 'goipd', _('General'));

	s.anonymous = true;
	s.tab('basics', _('Basics'));
	s.tab('limits', _('Lines'));
	s.tab('place', _('Journal and socket'));

	add(s, 'basics', form.Flag, 'enabled', _('Enabled'), _('Starts goipd, now and with the router.'));
	add(s, 'basics', form.Value, 'ttl', _('Time to live'),
		_('Seconds after which a message that could not be sent is given up, if it names no time itself.'),
		number(60, 2592000, '86400'));
	add(s, 'basics', form.Value, 'max_segments', _('Segments of a message'),
		_('A text that takes more is refused. Each segment is charged for.'), number(1, 15, '10'));
	choice(s, 'basics', 'on_unknown', _('Unknown outcome'),
		_('What becomes of a message of which nobody can know whether it was sent. Sent again it may arrive twice.'), [
			[ 'hold', _('leave it') ], [ 'resend', _('send it again') ]
		]);
	add(s, 'basics', form.Value, 'queue_limit', _('Messages that may wait'),
		_('One more is refused. The last fifth is for urgent and local ones.'), number(10, 10000, '1000'));
	add(s, 'basics', form.Value, 'keep', _('Seconds to keep a message'),
		_('How long the state of a finished message can be asked for.'), number(60, 31536000, '604800'));
	add(s, 'basics', form.Value, 'keep_messages', _('Finished messages to keep'),
		_('The oldest goes first.'), number(10, 10000, '1000'));
	add(s, 'basics', form.Value, 'keep_events', _('Events to keep'),
		_('For programs that come back later.'), number(100, 10000, '1000'));

	add(s, 'basics', form.DynamicList, 'allow_from', _('Heed senders'),
		_('Only received messages of these reach hooks, webhooks and replies: numbers and names, or their beginnings with a * behind. Without any those of all.'), { placeholder: '+49*' });
	add(s, 'basics', form.DynamicList, 'deny_from', _('Do not heed'),
		_('Those of these do not, in the same form. The inbox keeps them all.'), { placeholder: '+491511234567' });

	choice(s, 'limits', 'policy', _('Choice of a line'), _('For messages that do not name one.'), [
		[ 'round_robin', _('in turn') ], [ 'failover', _('the first that can be used') ],
		[ 'least_used', _('the least used') ]
	]);
	add(s, 'limits', form.Value, 'sticky', _('Keep the line'),
		_('Hours for which a receiver keeps the line of its last message.'), number(0, 720, '0'));
	add(s, 'limits', form.Value, 'per_hour', _('Segments an hour'), _('Without it any number.'), number(0, 10000, '0'));
	add(s, 'limits', form.Value, 'per_day', _('Segments a day'), _('Without it any number.'), number(0, 50000, '0'));
	add(s, 'limits', form.Value, 'per_month', _('Segments a month'), _('Without it any number.'), number(0, 1000000, '0'));
	add(s, 'limits', form.Value, 'month_start', _('The month begins on day'), '', number(1, 28, '1'));
	add(s, 'limits', form.Value, 'reserve', _('Reserve'), _('Percent of these limits that are left for urgent messages.'), number(0, 90, '0'));
	add(s, 'limits', form.Value, 'per_number_hour', _('Messages to one number an hour'), _('Without it any number.'),
		number(0, 1000, '0'));
	add(s, 'basics', form.Value, 'quiet', _('Quiet hours'),
		_('Local messages wait in these hours unless they are urgent.'), hours);
	add(s, 'basics', form.Value, 'stale_after', _('Stale after'),
		_('Seconds: after a longer outage older messages expire unless they are urgent; 0 is never.'), number(0, 2592000, '0'));
	add(s, 'basics', form.Value, 'admin_number', _('Administrator'),
		_('The number that gets one message about what has expired so.'), like('[+]?[0-9]{2,20}', _('a number'), '+4915112345678'));

	add(s, 'place', form.Value, 'state_dir', _('Journal'),
		_('The folder that keeps the messages over a restart. In RAM they are lost when the router restarts.'),
		like('/.*', _('an absolute path'), '/etc/goipd'));
	add(s, 'place', form.Flag, 'volatile', _('Journal in RAM'),
		_('Says that the journal lies in RAM on purpose; silences the warning.'));
	add(s, 'place', form.Value, 'max_journal', _('Size of the journal'),
		_('KiB. Without it 512, or a quarter of what is free if that is less.'), number(128, 65536, '512'));
	add(s, 'place', form.Value, 'socket', _('Socket'),
		_('Where programs on the router reach goipd.'), like('/.{0,106}', _('an absolute path'), '/var/run/goipd/goipd.sock'));
	add(s, 'place', form.Value, 'socket_mode', _('Mode of the socket'),
		_('Who may write to it may send, and read all messages.'), like('0?[0-7]{3}', _('three octal digits'), '0660'));
	add(s, 'place', form.Value, 'socket_group', _('Group of the socket'),
		_('The group whose members may use it.'), like('[A-Za-z0-9_.-]{1,32}', _('the name of a group')));
	choice(s, 'place', 'log_level', _('Log'), _('What the system log gets: this and everything graver.'), [
		[ 'info', _('information') ], [ 'error', _('errors') ], [ 'warn', _('warnings') ],
		[ 'debug', _('details') ], [ 'trace', _('everything') ]
	]);
}

function optout(m) {
	const s = m.section(form.TypedSection, 'optout', _('Opt-out'),
		_('Who sends one of the words gets no more messages, until one of the others comes.'));

	s.anonymous = true;

	add(s, null, form.Flag, 'enabled', _('Enabled'));
	add(s, null, form.DynamicList, 'keyword', _('Words to opt out'),
		_('Without any: STOP, STOPALL, UNSUBSCRIBE, CANCEL, END and QUIT.'));
	add(s, null, form.DynamicList, 'keyword_start', _('Words to come back'), _('Without any: START, YES and UNSTOP.'));
	add(s, null, form.Value, 'confirm', _('Confirmation'), _('What who opts out is told, once; empty: nothing.'));
	add(s, null, form.Value, 'country', _('Code of the country'),
		_('With it 0151… and +49151… are one number.'), like('[1-9][0-9]{0,2}', _('1 to 3 digits'), '49'));
	add(s, null, form.Value, 'trunk', _('Prefix inside the country'),
		_('What numbers there begin with, and lose behind the code: 0 in most countries; none where there is none.'),
		like('[0-9]{1,3}|none', _('1 to 3 digits, or none'), '0'));
	add(s, null, form.Flag, 'local', _('Local too'),
		_('Without it programs on the router, and these pages, send also to who has opted out.'), { default: '1' });
}

function replies(m) {
	const s = m.section(form.GridSection, 'reply', _('Replies'),
		_('Answers that goipd gives by itself. The first one that fits a message decides.'));
	const who = like('[+]?[0-9]+[*]?', _('a number, or its beginning and a *'), '+49*');

	s.addremove = true;
	s.nodescriptions = true;
	s.modaltitle = name => _('Reply %s').format(name);

	choice(s, null, 'match', _('Fits'), _('What a received message must be. Case and blanks do not matter.'), [
		[ 'exact', _('one of the patterns') ], [ 'any', _('anything') ], [ 'prefix', _('something that begins with one') ]
	], modal);
	add(s, null, form.DynamicList, 'pattern', _('Patterns'), _('One at least; none if anything fits.'));
	add(s, null, form.Value, 'text', _('Answer'), '', needed);
	add(s, null, form.DynamicList, 'from', _('Only to'), _('Numbers, or beginnings with a * behind; without any to all.'), modal, who);
	add(s, null, form.DynamicList, 'not_from', _('Not to'), _('In the same form.'), modal, who);
	add(s, null, form.Value, 'per_number', _('Answers a day'), _('The most that a number is sent, of all replies together.'),
		modal, number(1, 100, '3'));
}

const event = [ like('[a-z_]+', _('the name of an event'), 'received') ];

function webhooks(m) {
	const s = m.section(form.GridSection, 'webhook', _('Webhooks'),
		_('Web servers that are told what happens, in signed requests.'));

	s.addremove = true;
	s.nodescriptions = true;
	s.modaltitle = name => _('Webhook %s').format(name);

	add(s, null, form.Value, 'url', _('Address'), _('For https the package goipd-https is needed. The path may be a secret.'),
		needed, like('https?://' + URL_HOST + '([/?][!-~]*)?', _('http:// or https://, a host and a path'), 'http://192.168.1.9/sms'),
		/* The list shows no more of it than is no secret. */
		{ textvalue: id => E('span', {}, [ String(uci.get('goipd', id, 'url') || '').split('/').slice(0, 3).join('/') ]) });
	add(s, null, form.Value, 'secret', _('Secret'), _('What the requests are signed with: 16 to 256 visible characters.'),
		needed, secret, like('[!-~]{16,256}', _('16 to 256 visible characters')));
	add(s, null, form.DynamicList, 'event', _('Events'), _('Which it is told; without any: received.'), ...event);
	add(s, null, form.DynamicList, 'client', _('Clients'), _('Only events of messages of these clients of the relay; without any all events.'), modal,
		like('[A-Za-z0-9_]{1,32}', _('the name of a client')));
	add(s, null, form.Value, 'ca_file', _('Certificates'),
		_('For https alone: the file with those who may vouch for the host. Without it that of the package ca-bundle.'),
		modal, like('/.*', _('an absolute path')));
	add(s, null, form.Value, 'timeout', _('Patience'), _('Seconds that a request may take.'), modal, number(1, 60, '10'));
}

function hooks(m) {
	const s = m.section(form.GridSection, 'hook', _('Hooks'),
		_('Programs on the router that are run when something happens.'));

	s.addremove = true;
	s.nodescriptions = true;
	s.modaltitle = name => _('Hook %s').format(name);

	/* Only the first word is a path, so all of them are looked at together. */
	add(s, null, form.DynamicList, 'command', _('Command'), _('The program by its absolute path, and its arguments.'),
		needed, { placeholder: '/usr/bin/forward' });
	add(s, null, form.DynamicList, 'event', _('Events'), _('At which it is run; without any: received.'), ...event);
	add(s, null, form.Value, 'timeout', _('Patience'), _('Seconds that a run may take.'), modal, number(1, 3600, '30'));
	add(s, null, form.Value, 'tries', _('Tries'), _('How often it is run for an event until it ends with exit code 0.'), modal, number(1, 100, '5'));
}

function devices(m) {
	const s = m.section(form.GridSection, 'device', _('Devices'),
		_('One for each GoIP. Messages and programs call it by its name: letters, digits and underscores.'));

	s.addremove = true;
	s.nodescriptions = true;
	s.modaltitle = name => _('Device %s').format(name);
	s.tab('box', _('Box'));
	s.tab('more', _('More'));

	add(s, 'box', form.Value, 'url', _('Address'), _('The box speaks plain http only.'), needed,
		like('http://' + URL_HOST + '/?', _('http:// and a host, perhaps with a port'), 'http://192.168.8.1'));
	add(s, 'box', form.Value, 'username', _('User'), _('Of the web pages of the box.'), needed,
		like('[^:]+', _('a name without colon'), 'admin'));
	add(s, 'box', form.Value, 'password', _('Password'), _('Change the one that the box came with.'), needed, secret);
	add(s, 'box', form.Value, 'lines', _('Lines'), _('How many lines (SIM cards) the box has.'), number(1, 64, '1'));

	choice(s, 'more', 'number_format', _('Numbers'), _('What the box gets for the + of a number.'), [
		[ 'keep', '+49…' ], [ '00', '0049…' ], [ 'strip', '49…' ]
	], modal);
	add(s, 'more', form.DynamicList, 'own_number', _('Its own numbers'),
		_('Of its SIM cards; they are never answered.'), modal, like('[+]?[0-9]{2,20}', _('a number'), '+4915112345678'));
	add(s, 'more', form.Flag, 'exclusive', _('Exclusive'),
		_('Nobody else sends over this box. Without it all messages go through the web form, which tells whose is whose.'), modal, { default: '1' });
	choice(s, 'more', 'send_via', _('Send through'), _('The page of the box that takes the messages.'), [
		[ 'api', 'send.html' ], [ 'form', _('the web form') ]
	], modal);
	add(s, 'more', form.Value, 'inbox_interval', _('Look at the inbox'), _('Seconds between two looks; 0 is never.'),
		modal, number(0, 3600, '15'));
	choice(s, 'more', 'inbox_first', _('First look at the inbox'),
		_('What becomes of the messages that are there before goipd has ever looked.'), [
			[ 'old', _('they are kept, and nobody is told') ], [ 'events', _('they are new, like later ones') ]
		], modal);
	add(s, 'more', form.Flag, 'inbox_delete', _('Delete in the box'),
		_('Deletes received messages there once they are stored, but never the eight newest of a line. goipd does not need it.'), modal);
	add(s, 'more', form.Flag, 'join', _('Join long messages'),
		_('The box shows the parts of a long message one by one.'), modal);
	add(s, 'more', form.Value, 'utc_offset', _('Clock of the box'), _('What it is ahead of UTC.'), modal,
		like('[+-](0[0-9]|1[0-4]):[0-5][0-9]', _('a sign, hours and minutes'), '+00:00'));
	add(s, 'more', form.Value, 'status_interval', _('Look at the status'),
		_('Seconds between two looks while nothing is sent; 0 is never.'), modal, number(0, 3600, '60'));
	add(s, 'more', form.Value, 'timeout', _('Patience'), _('Seconds that the box has for an answer.'),
		modal, number(1, 60, '10'));
	add(s, 'more', form.Value, 'watchdog', _('Watchdog'),
		_('Minutes without an answer, or with no line logged in, after which the modules are switched off and on, and then the box is started anew; 0 is never.'),
		modal, number(0, 1440, '0'));
	add(s, 'more', form.Value, 'max_per_day', _('Watchdog, a day'), _('How often it helps in a day, at most.'),
		modal, number(1, 24, '4'));
}

function balance(m) {
	const s = m.section(form.GridSection, 'balance', _('Balances'),
		_('One for each SIM card whose balance is asked for.'));

	s.addremove = true;
	s.nodescriptions = true;
	s.modaltitle = name => _('Balance %s').format(name);

	add(s, null, form.Value, 'line', _('Line'), _('Whose SIM card it is of.'), needed, like(...ONE_LINE));
	add(s, null, form.Value, 'ussd', _('Code'), _('What is dialled for it.'), needed,
		like('[0-9*#+]{1,32}', _('digits, * and #'), '*100#'));
	add(s, null, form.Value, 'warn_below', _('Low below'), _('Events tell when it falls below.'), like('[0-9]+([.,][0-9]{1,2})?', _('an amount'), '5'));
	add(s, null, form.Flag, 'pause', _('Pause when low'), _('Gives the line no messages while its balance is low.'), modal);
	add(s, null, form.Value, 'pattern', _('Pattern'),
		_('A regular expression that finds the amount in the answer; its first group, if it has one.'),
		modal, { placeholder: '-?[0-9][0-9.,]*' });
	add(s, null, form.Value, 'interval', _('Interval'), _('Seconds between two questions.'),
		modal, number(3600, 2592000, '86400'));
}

function canary(m) {
	const s = m.section(form.GridSection, 'canary', _('Canaries'),
		_('Messages from one own line to the number of another, which show that they still come through.'));

	s.addremove = true;
	s.nodescriptions = true;
	s.modaltitle = name => _('Canary %s').format(name);

	add(s, null, form.Value, 'from', _('From'), _('The line it goes out on.'), needed, like(...ONE_LINE));
	add(s, null, form.Value, 'to', _('To'), _('The number of another line.'), needed, like('[+]?[0-9]{2,20}', _('a number'), '+4915112345678'));
	add(s, null, form.Value, 'interval', _('Interval'), _('Hours between two.'), number(1, 168, '24'));
	add(s, null, form.Value, 'timeout', _('Patience'), _('Seconds that one may take.'), modal, number(60, 86400, '900'));
}

function lines(m) {
	const s = m.section(form.GridSection, 'line', _('Lines'),
		_('What is special of one line. Without an entry a line takes turns with the others.'));

	s.addremove = true;
	s.sortable = true;
	s.nodescriptions = true;
	s.modaltitle = name => _('Line %s').format(name);
	s.tab('line', _('Line'));
	s.tab('limits', _('Limits'));

	add(s, 'line', form.Value, 'device', _('Device'), _('The name of its device.'), needed,
		like('[A-Za-z0-9_]{1,32}', _('the name of a device'), 'office'));
	add(s, 'line', form.Value, 'number', _('Number'), _('Of the line on the device.'), needed, number(1, 64, '1'));
	add(s, 'line', form.Value, 'label', _('Label'), _('What people call it.'));
	add(s, 'line', form.Value, 'own_number', _('Its own number'), _('It is never answered.'), modal,
		like('[+]?[0-9]{2,20}', _('a number'), '+4915112345678'));
	add(s, 'line', form.Value, 'weight', _('Weight'), _('Its share where lines take turns.'), modal, number(1, 100, '1'));
	add(s, 'line', form.DynamicList, 'prefix', _('Best for'), _('Numbers that begin like this.'), modal,
		like('[+]?[0-9]{1,20}', _('the beginning of a number'), '+49'));
	add(s, 'line', form.Flag, 'only_prefix', _('Only for these'), _('Other numbers do not go out here.'), modal);
	add(s, 'line', form.DynamicList, 'client', _('Clients'),
		_('Only messages of these go out here; local is programs on the router. Without any those of all.'), modal,
		like('[A-Za-z0-9_]{1,32}', _('the name of a client')));
	add(s, 'line', form.Flag, 'priority_only', _('Only urgent'), _('Only messages of high priority go out here.'), modal);
	add(s, 'limits', form.Value, 'per_hour', _('Segments an hour'), _('Without it any number.'), modal, number(0, 10000, '0'));
	add(s, 'limits', form.Value, 'per_day', _('Segments a day'), _('Without it any number.'), modal, number(0, 50000, '0'));
	add(s, 'limits', form.Value, 'per_month', _('Segments a month'), _('Without it any number.'), modal, number(0, 1000000, '0'));
	add(s, 'limits', form.Value, 'month_start', _('The month begins on day'), '', modal, number(1, 28, '1'));
	add(s, 'limits', form.Value, 'reserve', _('Reserve'), _('Percent of these limits that are left for urgent messages.'), modal, number(0, 90, '0'));
	add(s, 'limits', form.Value, 'gap_ms', _('Gap'), _('Milliseconds from one send to the next.'), modal, number(0, 600000, '0'));
}

function relay(m) {
	const s = m.section(form.TypedSection, 'relay', _('Relay'),
		_('Lets programs in the network send and read by HTTP. Each needs an entry under Clients.'));

	s.anonymous = true;
	s.tab('door', _('Access'));
	s.tab('limits', _('Limits'));

	add(s, 'door', form.Flag, 'enabled', _('Enabled'));
	add(s, 'door', form.DynamicList, 'listen', _('Addresses'),
		_('Where it listens: addresses of the router with a port. Keep it off the internet.'),
		like('([0-9.]+|\\[[0-9a-fA-F:.]+\\]):[0-9]{1,5}', _('an address and a port'), '192.168.1.1:8037'));
	add(s, 'door', form.DynamicList, 'name', _('Names'),
		_('More names by which it may be called, besides addresses and the name of the router.'),
		like('[A-Za-z0-9._-]+', _('a host name'), 'sms.example.org'));
	add(s, 'door', form.DynamicList, 'cors_origin', _('Web pages'),
		_('Web pages of other hosts that may use it from a browser.'),
		like('https?://' + URL_HOST, _('http:// or https:// and a host'), 'https://panel.example.org'));
	add(s, 'door', form.Flag, 'metrics_open', _('Open figures'), _('Shows /metrics without a login.'));

	add(s, 'limits', form.Value, 'max_connections', _('Connections'), _('The most at once.'), number(4, 256, '32'));
	add(s, 'limits', form.Value, 'max_per_address', _('Connections of one address'),
		_('The most that have not logged in.'), number(1, 256, '8'));
	add(s, 'limits', form.Value, 'head_timeout', _('Time for the head'),
		_('Seconds that the head of a request may take.'), number(1, 60, '10'));
	add(s, 'limits', form.Value, 'body_timeout', _('Time for the body'),
		_('Seconds that the body of a request may take.'), number(1, 120, '20'));
	add(s, 'limits', form.Value, 'idle_timeout', _('Time between requests'),
		_('Seconds that a connection is kept without one.'), number(1, 3600, '60'));
}

function clients(m) {
	const s = m.section(form.GridSection, 'client', _('Clients'),
		_('One for each program that uses the relay. Its name is the user, its token the password.'));

	s.addremove = true;
	s.nodescriptions = true;
	s.modaltitle = name => _('Client %s').format(name);
	s.tab('login', _('Login'));
	s.tab('limits', _('Limits'));

	add(s, 'login', form.Value, 'token', _('Token'),
		_('At least 16 visible characters without blanks. Leave it empty if there is a digest.'), secret,
		like('[!-~]{16,256}', _('16 to 256 visible characters')));
	add(s, 'login', form.Value, 'token_hash', _('Digest of the token'),
		_('SHA-256 in hex, instead of the token.'), modal, like('[0-9a-fA-F]{64}', _('64 hex digits')));

	const allow = add(s, 'login', form.MultiValue, 'allow', _('Allowed'), _('What it may do.'), needed);

	allow.value('send', _('send, and cancel its own'));
	allow.value('read', _('read the states of its own'));
	allow.value('inbox', _('read what was received'));
	allow.value('admin', _('everything, for all clients'));

	add(s, 'login', form.DynamicList, 'from', _('From'),
		_('Networks it may log in from; without any from everywhere.'),
		like(ADDRESS + '(/[0-9]{1,3})?', _('an address, perhaps with a prefix'), '192.168.1.0/24'));
	add(s, 'login', form.DynamicList, 'lines', _('Lines'), _('Lines it may send on; without any all.'), modal,
		like(LINE, _('a device, or a device and a line'), 'office/1'));

	add(s, 'limits', form.Flag, 'transactional', _('Also to who opted out'),
		_('For codes and alarms, never for advertising.'), modal);
	add(s, 'limits', form.Value, 'rate', _('Messages a minute'), _('Without it any number.'), modal, number(1, 10000));
	add(s, 'limits', form.Value, 'daily', _('Messages a day'), _('Without it any number.'), modal, number(1, 100000));
	add(s, 'limits', form.Value, 'ttl', _('Time to live'), _('Seconds, for its messages that name none.'),
		modal, number(60, 2592000));
	add(s, 'limits', form.Value, 'quiet', _('Quiet hours'),
		_('Its messages wait in these hours unless they are urgent.'), modal, hours);
}

function groups(m) {
	const s = m.section(form.GridSection, 'group', _('Groups'),
		_('A message to @ and the name of a group goes to all its numbers.'));

	s.addremove = true;
	s.nodescriptions = true;
	s.modaltitle = name => _('Group %s').format(name);

	add(s, null, form.DynamicList, 'number', _('Numbers'), '', needed,
		like('[+]?[0-9]{2,20}', _('a number'), '+4915112345678'));
}

return view.extend({
	load() {
		return Promise.all([ api.check(), uci.load('goipd').then(() => true, () => false) ]);
	},

	async render([ check, is_there ]) {
		if (!is_there) {
			this.handleSave = this.handleSaveApply = this.handleReset = null;

			return E('div', { 'class': 'alert-message warning' }, [
				E('h4', {}, [ _('The configuration of goipd cannot be read') ]),
				E('p', {}, [ _('Install the package goipd, which brings %s, or log in as somebody who may see that.').format('/etc/config/goipd') ])
			]);
		}

		/* Sections of which there is one are shown even where the file has none. */
		for (const one of [ [ 'goipd', 'main' ], [ 'relay', 'lan' ], [ 'optout', 'optout' ] ])
			if (!uci.sections('goipd', one[0]).length)
				uci.add('goipd', one[0], one[1]);

		const m = new form.Map('goipd', _('Settings'));

		m.tabbed = true;
		daemon(m);
		devices(m);
		lines(m);
		relay(m);
		clients(m);
		groups(m);
		optout(m);
		replies(m);
		webhooks(m);
		hooks(m);
		balance(m);
		canary(m);

		const node = await m.render();
		const wrong = api.mistakes(check);

		return wrong ? E('div', {}, [ wrong, node ]) : node;
	}
});
