/* A stand-in for LuCI's rpc.js: ubus over JSON-RPC. */
'use strict';
'require baseclass';

let id = 1;

function typed(value, sample) {
	return Object.prototype.toString.call(value) == Object.prototype.toString.call(sample) ? value : sample;
}

return baseclass.extend({
	declare: options => async (...args) => {
		const params = {};

		(options.params || []).forEach((name, i) => params[name] = args[i]);

		const reply = await fetch(L.env.ubuspath + '?' + options.object + '.' + options.method, {
			method: 'POST',
			body: JSON.stringify({ jsonrpc: '2.0', id: id++, method: 'call',
				params: [ L.env.sessionid, options.object, options.method, params ] })
		});
		const message = await reply.json();
		const what = 'RPC call to %s/%s failed with '.format(options.object, options.method);

		if (message.error)
			throw new Error(what + 'error %d: %s\n  at stack'.format(message.error.code, message.error.message));

		if (options.reject && message.result[0] !== 0)
			throw new Error(what + 'ubus code %d\n  at stack'.format(message.result[0]));

		let value = message.result.length > 1 ? message.result[1] : message.result[0];

		for (const key in options.expect || {})
			value = typed(key && value ? value[key] : value, options.expect[key]);

		return value;
	}
});
