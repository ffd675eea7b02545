'use strict';
'require baseclass';

/* How things look on every page. Texts, senders and whatever else comes from outside go into the
 * page as text nodes: children are always arrays, because LuCI takes a plain string for HTML. */

const states = {
	queued: [ 'notice', _('queued') ],
	submitting: [ 'notice', _('submitting') ],
	sending: [ 'notice', _('sending') ],
	sent: [ 'success', _('sent') ],
	delivered: [ 'success', _('delivered') ],
	undelivered: [ 'bad', _('undelivered') ],
	failed: [ 'bad', _('failed') ],
	unknown: [ 'warning', _('unknown') ],
	expired: [ 'bad', _('expired') ],
	cancelled: [ '', _('cancelled') ]
};

/* No theme has a red label, but most have a variable for the colour of errors. */
const RED = 'background:var(--error-color-high,#c43c35);color:var(--on-error-color,#fff)';

/* Characters that cannot be seen but change what can: controls, and those that turn the direction
 * of what follows. */
const UNSEEN = new RegExp('[\\u0000-\\u0009\\u000b-\\u001f\\u007f-\\u009f\\u202a-\\u202e\\u2066-\\u2069]', 'g');

return baseclass.extend({
	/* The states of a message, by name, with their words. */
	states: Object.keys(states).map(name => [ name, states[name][1] ]),

	/* A coloured word; `kind` is `bad` or a class of LuCI's labels: success, warning, notice. */
	label(kind, word) {
		return E('span', { 'class': 'label ' + kind, 'style': kind == 'bad' ? RED : null }, [ word ]);
	},

	/* The word for a message's state. */
	state(name) {
		const known = states[name] || [ '', name ];

		return this.label(known[0], known[1]);
	},

	/* A time of goipd's, in the words and the zone of who reads it. */
	time(text) {
		const time = new Date(text);

		return isNaN(time) ? String(text || '-') : time.toLocaleString();
	},

	/* Seconds in words of one unit. */
	duration(s) {
		if (s < 120)
			return _('%d s').format(s);

		if (s < 7200)
			return _('%d min').format(Math.floor(s / 60));

		if (s < 172800)
			return _('%d h').format(Math.floor(s / 3600));

		return _('%d days').format(Math.floor(s / 86400));
	},

	/* A text from outside, its first `most` characters or all of it; `white` is how its blanks
	 * are shown. What cannot be seen in it stands as goipctl shows it, such as \u{202e}. */
	text(text, most, white) {
		const chars = Array.from(String(text === null || text === undefined ? '-' : text));
		const shown = (most && chars.length > most) ? chars.slice(0, most).join('') + '…' : chars.join('');

		return E('bdi', { 'style': 'overflow-wrap:anywhere;white-space:' + (white || 'pre-wrap') },
			[ shown.replace(UNSEEN, c => '\\u{' + c.charCodeAt(0).toString(16) + '}') ]);
	},

	/* The same of a number or a name, which is short and stays on one line. */
	name(text) {
		return this.text(text, 40, 'pre');
	},

	/* The same in a table, where it may be long. */
	passage(text, most) {
		return E('div', { 'style': 'min-width:12em;max-height:12em;overflow:auto' }, [ this.text(text, most) ]);
	},

	/* A table: titles, rows of cells, each a node or a word, and what to say without rows. */
	table(titles, rows, empty) {
		const children = [ E('tr', { 'class': 'tr table-titles' },
			titles.map(title => E('th', { 'class': 'th' }, [ title ]))) ];

		for (const row of rows)
			children.push(E('tr', { 'class': 'tr' }, row.map((cell, i) =>
				E('td', { 'class': 'td', 'data-title': titles[i] || null }, Array.isArray(cell) ? cell : [ cell ]))));

		if (!rows.length)
			children.push(E('tr', { 'class': 'tr placeholder' }, [
				E('td', { 'class': 'td', 'colspan': titles.length }, [ E('em', {}, [ empty ]) ])
			]));

		return E('table', { 'class': 'table' }, children);
	},

	/* A table of names and values. */
	facts(rows) {
		return E('table', { 'class': 'table' }, rows.map(row => E('tr', { 'class': 'tr' }, [
			E('td', { 'class': 'td left', 'width': '33%' }, [ row[0] ]),
			E('td', { 'class': 'td left' }, Array.isArray(row[1]) ? row[1] : [ row[1] ])
		])));
	},

	/* A button; `style` is a class of LuCI's buttons. */
	button(style, word, click, disabled) {
		return E('button', { 'class': 'btn cbi-button cbi-button-' + style, 'click': click,
			'disabled': disabled || null }, [ word ]);
	},

	/* What was refused, beside what was asked for. */
	refusal(reply) {
		return E('div', { 'class': 'alert-message warning' }, [ this.text(reply.message || reply.error) ]);
	},

	/* Shows `nodes()` in `place`, unless it shows what `data` says already: what is under a
	 * pointer is not replaced without need. */
	show(place, data, nodes) {
		const shown = JSON.stringify(data);

		if (place.shown === shown)
			return;

		place.shown = shown;
		L.dom.content(place, nodes());
	}
});
