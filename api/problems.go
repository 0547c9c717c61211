package api

import "net/http"

// A kind is a kind of problem: its status, and what people read about it. The English is also what problem documents say.
type kind struct {
	status int
	en, es wording
}

// wording says what a problem is, what it comes from, and what to do.
type wording struct{ Title, Means, Todo string }

// kinds are all the problems there are, by the last part of their type. Each has its page at /problems/{type}.
var kinds = map[string]kind{
	"already_decided": {
		http.StatusConflict,
		wording{
			"The referral is decided for good",
			"It was rejected or voided, and nothing that comes later changes that.",
			"Look at its timeline to see how it came to that.",
		},
		wording{
			"El referido ya está decidido",
			"Fue rechazado o anulado, y nada de lo que llegue después lo cambia.",
			"Mira su línea de tiempo para saber cómo se llegó a eso.",
		},
	},
	"already_used_up": {
		http.StatusConflict,
		wording{
			"The reward can't be redeemed any more",
			"It was redeemed before, it has expired, or it was taken back.",
			"The detail says when. Don't hand it out again.",
		},
		wording{
			"El premio ya no se puede canjear",
			"Ya se canjeó, caducó o se retiró.",
			"El detalle dice cuándo. No lo entregues otra vez.",
		},
	},
	"not_redeemable": {
		http.StatusConflict,
		wording{
			"The reward isn't one to be redeemed",
			"The program in force doesn't give it `redeem: once`.",
			"Add `redeem: once` to it under rewards, save the program, and try again.",
		},
		wording{
			"Este premio no se canjea",
			"En el programa en vigor no tiene `redeem: once`.",
			"Añádele `redeem: once` en rewards, guarda el programa y vuelve a intentarlo.",
		},
	},
	"unknown_grant": {
		http.StatusNotFound,
		wording{
			"Nobody earned this",
			"This reward has no grant with that id.",
			"List the reward's grants and use one of their ids, under the reward it belongs to.",
		},
		wording{
			"Nadie ganó esto",
			"Este premio no tiene ninguna entrega con ese identificador.",
			"Consulta las entregas del premio y usa el identificador de una, con el premio al que pertenece.",
		},
	},
	"bad_account": {
		http.StatusUnprocessableEntity,
		wording{
			"The account can't be used like this",
			"Its channel needs something that is missing or can't be right.",
			"Nothing was saved. Mend what is listed in problems.",
		},
		wording{
			"La cuenta no se puede usar así",
			"Falta algo que su canal necesita, o algo no puede ser correcto.",
			"No se guardó nada. Corrige lo que aparece en problems.",
		},
	},
	"bad_program": {
		http.StatusUnprocessableEntity,
		wording{
			"The program has mistakes",
			"A program is saved only when every part of it can be understood.",
			"Nothing was saved. Mend what is listed in problems; the bot goes on with the program it has.",
		},
		wording{
			"El programa tiene errores",
			"Un programa solo se guarda cuando se entiende entero.",
			"No se guardó nada. Corrige lo que aparece en problems; mientras tanto, el bot sigue con el programa que tiene.",
		},
	},
	"bad_request": {
		http.StatusBadRequest,
		wording{
			"The request is not as the contract says",
			"Something in the address, a header or the body isn't what the operation takes.",
			"Mend what is listed in problems; /openapi.yaml has the contract.",
		},
		wording{
			"La petición no cumple el contrato",
			"Algo en la dirección, una cabecera o el cuerpo no es lo que la operación admite.",
			"Corrige lo que aparece en problems; el contrato está en /openapi.yaml.",
		},
	},
	"bad_signature": {
		http.StatusUnauthorized,
		wording{
			"The webhook is not signed by its platform",
			"The signature or secret that came with it doesn't fit the account.",
			"Nothing was stored. Check that the account's secret is the one the platform was given.",
		},
		wording{
			"El webhook no está firmado por su plataforma",
			"La firma o el secreto que traía no corresponde a la cuenta.",
			"No se guardó nada. Comprueba que el secreto de la cuenta es el mismo que tiene la plataforma.",
		},
	},
	"bot_exists": {
		http.StatusConflict,
		wording{"There is a bot with this id already", "An id belongs to one bot for good.", "Choose another id, or use the bot as it is."},
		wording{"Ya existe un bot con este id", "Un id pertenece a un solo bot, para siempre.", "Elige otro id, o usa el bot tal como está."},
	},
	"credentials_needed": {
		http.StatusConflict,
		wording{
			"Another address needs the credentials anew",
			"Whoever moves an account elsewhere must know its credentials, or they could be sent to a stranger.",
			"Credentials are write-only: to change api_base_url, send all of them with it. Nothing was saved.",
		},
		wording{
			"Otra dirección exige enviar de nuevo las credenciales",
			"Quien lleva una cuenta a otra dirección debe conocer sus credenciales; si no, podrían acabar en manos de un extraño.",
			"Las credenciales no se pueden leer: para cambiar api_base_url, envíalas todas junto con ella. No se guardó nada.",
		},
	},
	"forbidden": {
		http.StatusForbidden,
		wording{
			"The key may not do this",
			"A key works for one bot and for the scopes it was given; no scope includes another.",
			"Use a key of this bot that has the operation's scope (x-scope in /openapi.yaml), or the admin token.",
		},
		wording{
			"La clave no permite esto",
			"Una clave sirve para un solo bot y para los permisos que recibió; ningún permiso incluye a otro.",
			"Usa una clave de este bot que tenga el permiso de la operación (x-scope en /openapi.yaml), o el token de administración.",
		},
	},
	"internal": {
		http.StatusInternalServerError,
		wording{
			"Something went wrong on our side",
			"The request met a mistake of the program that serves it.",
			"Try again. If it stays, the log of the api tells the cause.",
		},
		wording{
			"Algo falló de nuestro lado",
			"La petición dio con un error del programa que la atiende.",
			"Inténtalo de nuevo. Si continúa, el registro de la api dice la causa.",
		},
	},
	"no_program": {
		http.StatusConflict,
		wording{
			"The bot has no program yet",
			"What was asked for follows from the program, and none was saved.",
			"Save one with PUT /v1/bots/{bot}/program. What came in meanwhile is kept and worked on then.",
		},
		wording{
			"El bot todavía no tiene programa",
			"Lo que se pidió depende del programa, y aún no se guardó ninguno.",
			"Guarda uno con PUT /v1/bots/{bot}/program. Lo que haya llegado mientras tanto se conserva y se procesará entonces.",
		},
	},
	"not_generic": {
		http.StatusConflict,
		wording{
			"This account's events come from its platform",
			"Events are reported only for bots hosted elsewhere.",
			"Report events for accounts of the generic channel only.",
		},
		wording{
			"Los eventos de esta cuenta llegan de su plataforma",
			"Solo se informan eventos de bots alojados en otro lugar.",
			"Informa eventos únicamente para cuentas del canal generic.",
		},
	},
	"other_channel": {
		http.StatusConflict,
		wording{
			"The account is on another channel",
			"An account stays on the channel it was made for.",
			"Connect this one under another name.",
		},
		wording{"La cuenta es de otro canal", "Una cuenta permanece en el canal para el que se creó.", "Conecta esta con otro nombre."},
	},
	"other_request": {
		http.StatusUnprocessableEntity,
		wording{
			"The Idempotency-Key was used for another request",
			"Within a day, a key stands for one request: the same caller, method, address and body.",
			"Nothing was done. Use a new key for a new request; repeat an old one exactly as it was.",
		},
		wording{
			"La Idempotency-Key ya se usó para otra petición",
			"Durante un día, una clave representa una sola petición: el mismo autor, método, dirección y cuerpo.",
			"No se hizo nada. Usa una clave nueva para una petición nueva; si repites una anterior, envíala exactamente igual.",
		},
	},
	"request_under_way": {
		http.StatusConflict,
		wording{
			"The same request is being worked on",
			"A request with this Idempotency-Key came first and isn't finished yet.",
			"Try again in a moment with the same key: you get its answer.",
		},
		wording{
			"Esa misma petición se está procesando",
			"Antes llegó una petición con esta Idempotency-Key, y aún no ha terminado.",
			"Inténtalo de nuevo en un momento con la misma clave: recibirás su respuesta.",
		},
	},
	"stale_program": {
		http.StatusPreconditionFailed,
		wording{
			"Another version of the program is in force",
			"Somebody saved a version after the one this change was made from.",
			"Nothing was saved. Look at what changed with GET /v1/bots/{bot}/program/diff, make your change to the version in " +
				"force, and name that in If-Match.",
		},
		wording{
			"Está en vigor otra versión del programa",
			"Alguien guardó una versión después de aquella de la que partía este cambio.",
			"No se guardó nada. Mira qué cambió con GET /v1/bots/{bot}/program/diff, haz tu cambio sobre la versión en vigor e " +
				"indícala en If-Match.",
		},
	},
	"still_unreadable": {
		http.StatusConflict,
		wording{
			"It still can't be read",
			"The parked webhook was read again, and couldn't be understood.",
			"It stays parked. Replay it after an update that can read it.",
		},
		wording{
			"Sigue sin poder leerse",
			"El webhook apartado se leyó de nuevo y no se pudo entender.",
			"Queda apartado. Repítelo después de una actualización que sepa leerlo.",
		},
	},
	"too_large": {
		http.StatusRequestEntityTooLarge,
		wording{"The body is too large", "A request may be 4 MiB at most.", "Send at most 4 MiB at once."},
		wording{"El cuerpo es demasiado grande", "Una petición puede ocupar 4 MiB como máximo.", "Envía como máximo 4 MiB cada vez."},
	},
	"text_missing": {
		http.StatusBadRequest,
		wording{"The message is empty", "Somebody's browser sent a message without a text.", "Write something before sending it."},
		wording{"El mensaje está vacío", "El navegador de alguien envió un mensaje sin texto.", "Escribe algo antes de enviarlo."},
	},
	"text_too_long": {
		http.StatusRequestEntityTooLarge,
		wording{"The message is too long", "A message in the web chat may have 2,000 characters.", "Shorten it, or send it in parts."},
		wording{"El mensaje es demasiado largo", "En el chat web, un mensaje puede tener 2.000 caracteres.", "Acórtalo o envíalo por partes."},
	},
	"not_understood": {
		http.StatusBadRequest,
		wording{"The page is out of date", "What somebody's browser sent is not what the web chat's page sends.", "Load the page again and try once more."},
		wording{"La página no está al día", "Lo que envió el navegador no es lo que envía la página del chat.", "Recarga la página e inténtalo de nuevo."},
	},
	"unknown_chat": {
		http.StatusNotFound,
		wording{
			"There is no such chat",
			"The bot has no web chat at this address.",
			"Check the address: it is /chat/{bot}/{account}, of an account of channel webchat.",
		},
		wording{
			"Este chat no existe",
			"El bot no tiene ningún chat web en esta dirección.",
			"Comprueba la dirección: es /chat/{bot}/{account}, con una cuenta del canal webchat.",
		},
	},
	"unknown_visitor": {
		http.StatusUnauthorized,
		wording{"The visitor is not known here", "The cookie of this chat is missing or over.", "Load the chat's page again."},
		wording{"No reconocemos a este visitante", "La cookie de este chat falta o ha caducado.", "Vuelve a cargar la página del chat."},
	},
	"unauthorized": {
		http.StatusUnauthorized,
		wording{
			"The key is missing, unknown or revoked",
			"Every request shows who makes it: with the admin token, or with a key of the bot.",
			"Send it as `Authorization: Bearer <key>`. Keys are made with POST /v1/bots/{bot}/keys; `make run` keeps the admin " +
				"token in .data/admin-token.",
		},
		wording{
			"Falta la clave, no existe o fue revocada",
			"Cada petición muestra quién la hace: con el token de administración o con una clave del bot.",
			"Envíala como `Authorization: Bearer <clave>`. Las claves se crean con POST /v1/bots/{bot}/keys; `make run` guarda el " +
				"token de administración en .data/admin-token.",
		},
	},
	"too_many_streams": {
		http.StatusServiceUnavailable,
		wording{
			"As many chats are open here as fit",
			"Each open chat holds a connection, and their number is bounded.",
			"Try again after the seconds that `Retry-After` says. The chat's page does so by itself.",
		},
		wording{
			"Aquí no caben más chats abiertos",
			"Cada chat abierto ocupa una conexión, y su número tiene un límite.",
			"Inténtalo de nuevo pasados los segundos que indica `Retry-After`. La página del chat lo hace sola.",
		},
	},
	"unavailable": {
		http.StatusServiceUnavailable,
		wording{
			"The books can't be reached right now",
			"Postgres didn't answer, or not in time.",
			"Try again in a moment, with the same ids: what was stored all the same is recognised.",
		},
		wording{
			"Ahora mismo no se puede acceder a los datos",
			"Postgres no respondió, o no a tiempo.",
			"Inténtalo de nuevo en un momento, con los mismos ids: lo que ya se hubiera guardado se reconoce.",
		},
	},
	"unknown_account": {
		http.StatusNotFound,
		wording{
			"The bot has no such account",
			"No account of the bot has this name.",
			"List its accounts with GET /v1/bots/{bot}/accounts, or connect one with PUT.",
		},
		wording{
			"El bot no tiene esa cuenta",
			"Ninguna cuenta del bot se llama así.",
			"Consulta sus cuentas con GET /v1/bots/{bot}/accounts, o conecta una con PUT.",
		},
	},
	"unknown_address": {
		http.StatusNotFound,
		wording{"There is nothing at this address", "No operation of the API has this address.", "Look the address up in /openapi.yaml."},
		wording{"No hay nada en esta dirección", "Ninguna operación de la API tiene esta dirección.", "Busca la dirección en /openapi.yaml."},
	},
	"unknown_bot": {
		http.StatusNotFound,
		wording{
			"There is no such bot",
			"No bot has the id in the address.",
			"List the bots with GET /v1/bots, or create one with POST /v1/bots.",
		},
		wording{
			"No existe ese bot",
			"Ningún bot tiene el id de la dirección.",
			"Consulta los bots con GET /v1/bots, o crea uno con POST /v1/bots.",
		},
	},
	"unknown_contact": {
		http.StatusNotFound,
		wording{
			"The bot knows nobody with this user id",
			"No contact of the bot has it, or not on the account that was named.",
			"A user id is the 10 characters after -c in a referral link.",
		},
		wording{
			"El bot no conoce a nadie con este user id",
			"Ningún contacto del bot lo tiene, o no en la cuenta indicada.",
			"El user id son los 10 caracteres que siguen a -c en un enlace de referido.",
		},
	},
	"unknown_entry_point": {
		http.StatusNotFound,
		wording{
			"The program has no such entry point",
			"The program in force doesn't have this name under entry_points.",
			"Use a name that stands under entry_points in the program.",
		},
		wording{
			"El programa no tiene ese punto de entrada",
			"En el programa en vigor no aparece ese nombre en entry_points.",
			"Usa un nombre que aparezca en entry_points del programa.",
		},
	},
	"unknown_field": {
		http.StatusBadRequest,
		wording{
			"There is no such number field",
			"Contacts are ranked by a field of type number, and the one named isn't one; or none was named and there are several.",
			"Pass `field` with the name of a field of type number in the program.",
		},
		wording{
			"No existe ese campo numérico",
			"La clasificación usa un campo de tipo number, y el indicado no lo es; o no se indicó ninguno y hay varios.",
			"Indica en `field` el nombre de un campo de tipo number del programa.",
		},
	},
	"unknown_key": {
		http.StatusNotFound,
		wording{
			"The bot has no such key",
			"No key of the bot has this id, or it was revoked before.",
			"List its keys with GET /v1/bots/{bot}/keys. An id is the 8 characters after mk_ in a key.",
		},
		wording{
			"El bot no tiene esa clave",
			"Ninguna clave del bot tiene este id, o ya fue revocada.",
			"Consulta sus claves con GET /v1/bots/{bot}/keys. El id son los 8 caracteres que siguen a mk_ en una clave.",
		},
	},
	"unknown_parked": {
		http.StatusNotFound,
		wording{
			"Nothing of this id is parked",
			"It was replayed before, or the id is another one.",
			"List what is parked with GET /v1/bots/{bot}/parked.",
		},
		wording{
			"No hay nada apartado con este id",
			"Ya se repitió antes, o el id es otro.",
			"Consulta lo apartado con GET /v1/bots/{bot}/parked.",
		},
	},
	"unknown_referral": {
		http.StatusNotFound,
		wording{
			"The bot has no such referral",
			"No referral of the bot has this id.",
			"List its referrals with GET /v1/bots/{bot}/referrals.",
		},
		wording{
			"El bot no tiene ese referido",
			"Ningún referido del bot tiene este id.",
			"Consulta sus referidos con GET /v1/bots/{bot}/referrals.",
		},
	},
	"unknown_reward": {
		http.StatusNotFound,
		wording{
			"The program has no such reward with a code pool",
			"Codes belong to rewards that the program in force gives a pool.",
			"Add it under rewards with `codes: pool`, save the program, and import again.",
		},
		wording{
			"El programa no tiene ese premio con códigos",
			"Los códigos pertenecen a premios que tienen `codes: pool` en el programa en vigor.",
			"Añádelo en rewards con `codes: pool`, guarda el programa e importa de nuevo.",
		},
	},
	"unknown_version": {
		http.StatusNotFound,
		wording{
			"The program has no such version",
			"Versions are numbered from 1 to the one in force.",
			"List them with GET /v1/bots/{bot}/program/versions.",
		},
		wording{
			"El programa no tiene esa versión",
			"Las versiones se numeran desde 1 hasta la que está en vigor.",
			"Consúltalas con GET /v1/bots/{bot}/program/versions.",
		},
	},
	"wrong_method": {
		http.StatusMethodNotAllowed,
		wording{
			"This address doesn't take this method",
			"The address is right, but not for this method.",
			"Look the method up in /openapi.yaml.",
		},
		wording{
			"Esta dirección no admite este método",
			"La dirección es correcta, pero no con este método.",
			"Busca el método en /openapi.yaml.",
		},
	},
}
