'use strict';
'require baseclass';
'require ui';
'require goipd.api as api';
'require goipd.look as look';
'require goipd.text as text';

/* The form that sends a message. */

const encodings = { gsm7: 'GSM-7', ucs2: 'UCS-2' };

/* What identifies a request, so that the same one after a lost reply queues nothing new. */
function newKey() {
	const words = crypto.getRandomValues(new Uint32Array(4));

	return 'luci-' + Array.from(words, w => w.toString(16)).join('-');
}

function counted(value) {
	const shape = text.shape(value);

	if (shape.bytes > text.maxBytes)
		return _('%d bytes; at most %d are allowed').format(shape.bytes, text.maxBytes);

	return _('Segments: %d. Encoding: %s. Characters left in this segment: %d.')
		.format(shape.segments, encodings[shape.encoding], shape.left);
}

/* Every line, and every device that has several, by the name that a request takes. */
function choices(lines) {
	const devices = {};

	for (const l of lines) {
		const device = l.line.split('/')[0];

		(devices[device] = devices[device] || []).push(l.line);
	}

	const names = [];

	for (const device in devices)
		names.push(...(devices[device].length > 1 ? [ device ] : []), ...devices[device]);

	return names;
}

function field(title, id, input, help) {
	return E('div', { 'class': 'cbi-value' }, [
		E('label', { 'class': 'cbi-value-title', 'for': id }, [ title ]),
		E('div', { 'class': 'cbi-value-field' }, help ? [ input, help ] : [ input ])
	]);
}

return baseclass.extend({
	/* The form as a node. `lines` are those of `lines`; `preset` may have `to` and `line`;
	 * `done` is called with the reply to a message that was accepted. */
	render(lines, preset, done) {
		const names = choices(lines);
		let key = null;

		const to = E('input', { 'type': 'tel', 'id': 'goipd-to', 'class': 'cbi-input-text',
			'placeholder': '+4915112345678', 'autocomplete': 'off', 'value': preset.to || null });
		const words = E('textarea', { 'id': 'goipd-text', 'class': 'cbi-input-textarea', 'dir': 'auto',
			'rows': 4, 'style': 'width:100%' });
		const line = E('select', { 'id': 'goipd-line', 'class': 'cbi-input-select' },
			[ E('option', { 'value': '' }, [ _('any line') ]) ].concat(names.map(name =>
				E('option', { 'value': name, 'selected': name == preset.line || null },
					[ name.includes('/') ? name : _('any line of %s').format(name) ]))));
		const count = E('div', { 'class': 'cbi-value-description', 'id': 'goipd-count' }, [ counted('') ]);
		const said = E('div', { 'id': 'goipd-said' });

		/* Another request is another message. */
		const changed = () => {
			key = null;
			L.dom.content(count, [ counted(words.value) ]);
		};

		for (const input of [ to, words, line ])
			input.addEventListener('input', changed);

		const send = async () => {
			key = key || newKey();

			const reply = await api.send(to.value, words.value, line.value || undefined, key);

			if (reply.error) {
				L.dom.content(said, [ look.refusal(reply.error == 'unknown'
					? { message: _('The answer was lost. Press Send again: if the message was accepted, it is not sent twice.') }
					: reply) ]);
				return;
			}

			words.value = '';
			changed();
			L.dom.content(said, [ E('div', { 'class': 'alert-message success' },
				[ _('Message %d is accepted. Segments: %d.').format(reply.id, reply.segments) ]) ]);
			done(reply);
		};

		return E('div', { 'id': 'goipd-compose' }, [
			field(_('To'), 'goipd-to', to),
			field(_('Text'), 'goipd-text', words, count),
			field(_('Line'), 'goipd-line', line),
			field('', '', E('div', {}, [
				look.button('apply important', _('Send'), ui.createHandlerFn(this, send))
			])),
			said
		]);
	}
});
