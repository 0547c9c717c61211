package program

// messages holds the wording of every problem. Each language is written for its readers, who don't program, rather than
// translated.
var messages = map[string]message{
	codeSourceTooLong: {
		"El programa pasa de {0} KiB. Acorta los textos o quita los flujos que no uses.",
		"The program is longer than {0} KiB. Shorten its texts or remove flows you don't use.",
	},
	codeNotUTF8: {
		"Esta línea tiene caracteres que no se pueden leer. Guarda el archivo con codificación UTF-8.",
		"This line has characters that can't be read. Save the file with UTF-8 encoding.",
	},
	codeNotYAML: {
		"No se puede leer el archivo a partir de aquí ({0}). Revisa la sangría, las comillas y los corchetes de esta línea y de la anterior.",
		"The file can't be read from here on ({0}). Check the indentation, quotes and brackets of this line and the one before.",
	},
	codeTabIndentation: {
		"Esta línea empieza con un tabulador. Usa espacios para la sangría.",
		"This line is indented with a tab. Use spaces instead.",
	},
	codeUnquotedColon: {
		"Sobran dos puntos en esta línea, o su sangría no es la de las demás. Si los dos puntos son parte de un texto, escribe el texto entre comillas.",
		"There is one colon too many on this line, or it is indented differently from its neighbours. If the colon belongs to a text, put the text in quotes.",
	},
	codeAnchorRefused: {
		"«{0}» se entiende como una referencia de YAML, y aquí no se admiten. Si es un texto, escríbelo entre comillas; si no, repite la parte en su lugar.",
		"“{0}” reads as a YAML reference, and those aren't accepted here. If it is a text, put it in quotes; otherwise write that part out again.",
	},
	codeEmptyProgram: {
		"El programa está vacío. Empieza con una de las plantillas.",
		"The program is empty. Start from one of the templates.",
	},
	codeSeveralDocuments: {
		"El archivo contiene más de un programa: quita la línea «---» y lo que sobre.",
		"The file holds more than one program: remove the “---” line and whatever doesn't belong.",
	},
	codeTooDeep: {
		"Hay más de {0} niveles, unos dentro de otros. Pasa una parte a otro flujo y llámalo con run_flow.",
		"There are more than {0} levels inside one another. Move a part to a flow of its own and use run_flow.",
	},
	codeTooMany: {
		"Aquí caben {0} como mucho. Quita los que no uses.",
		"There is room for {0} here at most. Remove those you don't use.",
	},
	codeMappingExpected: {
		"Aquí van líneas de la forma «clave: valor».",
		"Lines of the form “key: value” are expected here.",
	},
	codeListExpected: {
		"Aquí va una lista: pon un guion y un espacio («- ») delante de cada elemento.",
		"A list is expected here: start each item with a dash and a space (“- ”).",
	},
	codeTextExpected: {
		"Aquí va un texto, no una lista ni un grupo de claves.",
		"A text is expected here, not a list or a group of keys.",
	},
	codeQuotesNeeded: {
		"Las llaves y los corchetes tienen un significado propio en YAML. Escribe el texto entre comillas: \"{{first_name}}\".",
		"Braces and brackets mean something else in YAML. Put the text in quotes: \"{{first_name}}\".",
	},
	codeNumberExpected: {
		"Aquí va un número entero, sin comillas ni decimales: 10, por ejemplo.",
		"A whole number is expected here, without quotes or decimals: 10, for example.",
	},
	codeNumberTooBig: {
		"El número es demasiado grande: como mucho {0}, o lo mismo en negativo.",
		"The number is too big: at most {0}, or as much below zero.",
	},
	codeTrueOrFalse: {
		"Aquí va true (sí) o false (no), sin comillas.",
		"true or false is expected here, without quotes.",
	},
	codeEmptyText: {
		"Falta el texto. Escríbelo después de los dos puntos.",
		"The text is missing. Write it after the colon.",
	},
	codeTextTooLong: {
		"El texto pasa de {0} caracteres. Acórtalo o repártelo en varios.",
		"The text is longer than {0} characters. Shorten it or split it up.",
	},
	codeControlCharacter: {
		"El texto contiene un carácter de control invisible. Bórralo y escribe el texto de nuevo.",
		"The text contains an invisible control character. Delete it and type the text again.",
	},
	codeDuplicateKey: {
		"«{0}» ya está en la línea {1}. Deja una sola, o cambia el nombre de una de las dos.",
		"“{0}” is already on line {1}. Keep one of them, or rename one.",
	},
	codeUnknownKey: {
		"La clave «{0}» no existe en este lugar. Corrígela o quítala.",
		"There is no key “{0}” in this place. Correct or remove it.",
	},
	codeMissingKey: {
		"Falta «{0}». Añádelo aquí.",
		"“{0}” is missing. Add it here.",
	},
	codeBadName: {
		"«{0}» no sirve como nombre. Usa letras, números, espacios, guiones o «_», empezando por una letra, y 60 caracteres como mucho.",
		"“{0}” can't be a name. Use letters, digits, spaces, hyphens or “_”, begin with a letter, and keep to 60 characters.",
	},
	codeReservedName: {
		"«{0}» ya es el nombre de una variable. Ponle otro nombre al campo.",
		"“{0}” is already the name of a variable. Give the field another name.",
	},
	codeBadLocale: {
		"«{0}» no es un código de idioma. Escribe uno como es, en o es-MX.",
		"“{0}” isn't a language code. Write one such as en, es or en-GB.",
	},
	codeUnknownFieldType: {
		"El tipo de campo «{0}» no existe. Usa number (un número) o text (un texto).",
		"There is no field type “{0}”. Use number or text.",
	},
	codeNoEntryPoints: {
		"El programa no tiene puntos de entrada, así que nadie puede llegar por un enlace. Declara al menos uno en entry_points.",
		"The program has no entry points, so nobody can come in by a link. Declare at least one under entry_points.",
	},
	codeBadEntryPointName: {
		"«{0}» no sirve como nombre de un punto de entrada, porque forma parte de los enlaces. Usa letras sin acento, números, «_» y «-», y 40 caracteres como mucho.",
		"“{0}” can't name an entry point, because the name becomes part of links. Use plain letters, digits, “_” and “-”, at most 40 characters.",
	},
	codeAmbiguousEntryPoint: {
		"El final de «{0}» se confundiría con el código de la persona que comparte el enlace. Escribe por ejemplo «{1}».",
		"The end of “{0}” would be taken for the code of the person who shared the link. Write “{1}”, for example.",
	},
	codeUnknownAttribution: {
		"La atribución «{0}» no existe. Usa first_touch (cada invitado cuenta una vez) o per_referrer (una vez por cada persona que lo invite).",
		"There is no attribution “{0}”. Use first_touch (an invitee counts once) or per_referrer (once for each person who invites them).",
	},
	codeKeywordWithoutWords: {
		"Falta lo que la gente tiene que escribir. Añade match (todo el mensaje) o starts_with (cómo empieza).",
		"What people have to write is missing. Add match (the whole message) or starts_with (how it begins).",
	},
	codeDuplicateKeyword: {
		"La palabra clave «{0}» ya está en la línea {1}; las mayúsculas y los acentos no cuentan. Quita una de las dos.",
		"The keyword “{0}” is already on line {1}; capitals and accents make no difference. Remove one of the two.",
	},
	codeUnknownTrigger: {
		"El disparador «{0}» no existe. Usa referred_new_contact (llegó alguien nuevo), referred_existing_contact (alguien que ya estaba), referral_qualified (el invitado cumplió), referral_voided (el referido se anuló), reward_granted (alguien ganó un premio), contact_created (alguien habló con el bot por primera vez) o entry_point_opened (alguien entró por un enlace).",
		"There is no trigger “{0}”. Use referred_new_contact (somebody new came), referred_existing_contact (somebody known did), referral_qualified (the invitee did what counts), referral_voided (the referral was taken back), reward_granted (somebody earned a reward), contact_created (somebody met the bot for the first time) or entry_point_opened (somebody came in by a link).",
	},
	codeUnknownCodeSource: {
		"«{0}» no es un origen de códigos. Escribe pool para repartir los códigos que subas, o quita la clave si el premio no lleva código.",
		"“{0}” isn't a source of codes. Write pool to hand out codes you upload, or remove the key if the reward has no code.",
	},
	codeStepExpected: {
		"Esto no es un paso. Un paso empieza con su acción, por ejemplo «- send: Hola».",
		"This isn't a step. A step begins with its action, for example “- send: Hello”.",
	},
	codeMissingAction: {
		"Este paso no dice qué hacer. Añade una acción, como send, increment o if.",
		"This step doesn't say what to do. Add an action such as send, increment or if.",
	},
	codeUnknownAction: {
		"La acción «{0}» no existe. Usa increment, set, add_tag, remove_tag, send, run_flow, grant_reward, call_webhook, wait o if.",
		"There is no action “{0}”. Use increment, set, add_tag, remove_tag, send, run_flow, grant_reward, call_webhook, wait or if.",
	},
	codeTwoActions: {
		"Este paso tiene dos acciones, {0} y {1}. Escribe cada una en su propio paso, con su guion.",
		"This step has two actions, {0} and {1}. Write each as a step of its own, with its own dash.",
	},
	codeBadPicture: {
		"La foto necesita una dirección que empiece por https://, o una sola variable de un campo de texto que la contenga, como {{foto}}.",
		"A picture needs an address that begins with https://, or a single variable of a text field that holds one, such as {{photo}}.",
	},
	codeVariableInReply: {
		"Un botón no admite variables. Escribe el texto tal como debe leerse; la variable ponla en el mensaje.",
		"A button can't hold variables. Write its text just as it should read, and put the variable in the message.",
	},
	codeDuplicateReply: {
		"Los botones «{0}» y «{1}» son iguales; las mayúsculas y los acentos no cuentan. Quita uno o cambia su texto.",
		"The buttons “{0}” and “{1}” are the same; capitals and accents make no difference. Remove one or change its text.",
	},
	codeBadWebhookName: {
		"«{0}» no puede ser el nombre de una cuenta de webhook. Usa minúsculas sin acento, números, «_» y «-», y 40 caracteres como mucho.",
		"“{0}” can't be the name of a webhook account. Use plain small letters, digits, “_” and “-”, at most 40 characters.",
	},
	codeBadWithKey: {
		"«{0}» no sirve como nombre de un dato. Usa minúsculas sin acento, números y «_», y 40 caracteres como mucho.",
		"“{0}” can't name a value. Use plain small letters, digits and “_”, at most 40 characters.",
	},
	codeZeroIncrement: {
		"Sumar 0 no cambia nada. Pon otro número, o quita el paso.",
		"Adding 0 changes nothing. Use another number, or remove the step.",
	},
	codeIncrementOfText: {
		"El campo «{0}» es de texto y no se le puede sumar. Cambia su tipo a number, o usa otro campo.",
		"The field “{0}” holds text, so nothing can be added to it. Make its type number, or use another field.",
	},
	codeBadDuration: {
		"«{0}» no es un tiempo de espera. Escribe un número y su unidad, como 90s, 15m, 24h o 7d; como mucho 365d.",
		"“{0}” isn't a time to wait. Write a number and its unit, such as 90s, 15m, 24h or 7d; at most 365d.",
	},
	codeMissingSubject: {
		"La condición no dice qué mirar. Añade field (un campo) o tag (una etiqueta), o junta varias condiciones con all o any.",
		"The condition doesn't say what to look at. Add field or tag, or join several conditions with all or any.",
	},
	codeTwoSubjects: {
		"La condición mira un campo y una etiqueta a la vez. Haz dos condiciones y júntalas con all.",
		"The condition looks at a field and a tag at once. Make it two conditions and join them with all.",
	},
	codeMissingOperator: {
		"La condición no dice cómo comparar. Añade por ejemplo reaches: 10, equals: 5 o is_set: true.",
		"The condition doesn't say how to compare. Add reaches: 10, equals: 5 or is_set: true, for example.",
	},
	codeTwoOperators: {
		"La condición compara de dos maneras, {0} y {1}. Haz dos condiciones y júntalas con all.",
		"The condition compares in two ways, {0} and {1}. Make it two conditions and join them with all.",
	},
	codeJoinNotAlone: {
		"«{0}» va sin más claves a su lado. Pasa «{1}» a una condición de su lista, con su guion.",
		"“{0}” stands without other keys beside it. Move “{1}” into a condition of its list, with its own dash.",
	},
	codeNothingToJoin: {
		"«{0}» necesita una lista de condiciones. Añade al menos una, por ejemplo «- {field: puntos, at_least: 10}».",
		"“{0}” needs a list of conditions. Add at least one, for example “- {field: points, at_least: 10}”.",
	},
	codeUnknownOperator: {
		"«{0}» no existe en una condición. Usa field o tag, y equals, not_equals, greater, at_least, less, at_most, contains, is_set, reaches o reaches_every; o bien all o any.",
		"There is no “{0}” in a condition. Use field or tag, and equals, not_equals, greater, at_least, less, at_most, contains, is_set, reaches or reaches_every; or else all or any.",
	},
	codeOperatorNotForTag: {
		"Una etiqueta se tiene o no se tiene: {0} no se le aplica. Usa is_set: true o is_set: false.",
		"A tag is there or it isn't, so {0} doesn't apply to it. Use is_set: true or is_set: false.",
	},
	codeOperatorNotForNumber: {
		"{0} no se aplica a un número, y «{1}» lo es. Usa uno de estos: {2}.",
		"{0} doesn't apply to a number, and “{1}” is one. Use one of these: {2}.",
	},
	codeOperatorNotForText: {
		"{0} no se aplica a un texto, y «{1}» lo es. Usa uno de estos: {2}.",
		"{0} doesn't apply to a text, and “{1}” is one. Use one of these: {2}.",
	},
	codeUnknownFlow: {
		"No hay ningún flujo llamado «{0}». Créalo en flows o corrige el nombre.",
		"There is no flow called “{0}”. Add it under flows or correct the name.",
	},
	codeUnknownField: {
		"No hay ningún campo llamado «{0}». Decláralo en fields o corrige el nombre.",
		"There is no field called “{0}”. Declare it under fields or correct the name.",
	},
	codeUnknownEntryPoint: {
		"No hay ningún punto de entrada llamado «{0}». Decláralo en entry_points o corrige el nombre.",
		"There is no entry point called “{0}”. Declare it under entry_points or correct the name.",
	},
	codeUnknownReward: {
		"No hay ningún premio llamado «{0}». Decláralo en rewards o corrige el nombre.",
		"There is no reward called “{0}”. Declare it under rewards or correct the name.",
	},
	codeUnknownVariable: {
		"La variable «{0}» no existe. Usa una como first_name, user_id, el nombre de un campo o link.<punto de entrada>.",
		"There is no variable “{0}”. Use one such as first_name, user_id, the name of a field or link.<entry point>.",
	},
	codeEmptyVariable: {
		"Falta el nombre entre {{ y }}. Escribe por ejemplo {{first_name}}.",
		"There is no name between {{ and }}. Write {{first_name}}, for example.",
	},
	codeUnclosedVariable: {
		"«{0}» abre una variable y no la cierra. Añade }} después del nombre.",
		"“{0}” opens a variable and never closes it. Add }} after the name.",
	},
	codeCodeOutsideMessage: {
		"El código de un premio solo puede ir en el texto de un mensaje (send): quítalo de aquí.",
		"A reward's code can only go into the text of a message (send): remove it here.",
	},
	codeRewardWithoutCodes: {
		"El mensaje habla de un código, pero el premio «{0}» no los tiene. Añade codes: pool al premio o quita {{reward.code}}.",
		"The message speaks of a code, but the reward “{0}” has none. Add codes: pool to the reward or remove {{reward.code}}.",
	},
	codeFlowCycle: {
		"Estos flujos se llaman unos a otros sin fin: {0}. Quita una de las llamadas, o pon un wait antes de ella.",
		"These flows run each other for ever: {0}. Remove one of the calls, or put a wait before it.",
	},
	codeFlowMultiplies: {
		"El flujo «{0}» vuelve a empezar más de una vez en cada vuelta, y se multiplicaría sin fin. Deja un solo run_flow que lleve de vuelta a él.",
		"The flow “{0}” starts itself again more than once each time round, and would multiply without end. Keep a single run_flow that leads back to it.",
	},
	codeBadLinkSuffix: {
		"«{0}» no sirve para separar en los enlaces el nombre del código de quien comparte. Usa un «-» o un «_» y, si quieres, hasta 7 letras sin acento o números detrás, como -c o _ref.",
		"“{0}” can't part the name from the sharer's code in links. Use “-” or “_”, followed by up to 7 plain letters or digits if you like, such as -c or _ref.",
	},
	codeBadMoment: {
		"«{0}» no es una fecha que se pueda leer. Escribe un día, como 2026-03-01 (cuenta desde las 00:00 UTC), o un momento exacto con su zona horaria, como 2026-03-01T18:00:00-05:00.",
		"“{0}” isn't a date that can be read. Write a day, such as 2026-03-01 (it counts from 00:00 UTC), or an exact moment with its time zone, such as 2026-03-01T18:00:00-05:00.",
	},
	codeEndsBeforeStart: {
		"El periodo termina antes de empezar: until tiene que ser posterior a from. Una fecha sin hora es el comienzo de ese día en UTC.",
		"This period ends before it begins: until must be later than from. A date without a time is that day's start in UTC.",
	},
	codeBadChannelName: {
		"«{0}» no es un canal. Usa nombres como telegram o webchat, en minúsculas.",
		"“{0}” isn't a channel. Use names such as telegram or webchat, in small letters.",
	},
	codePositiveExpected: {
		"Aquí va un número entero de 1 en adelante. Para no poner límite, quita la clave.",
		"A whole number of 1 or more is expected here. For no limit, remove the key.",
	},
	codeUnknownHold: {
		"No se puede retener un referido hasta «{0}». Usa qualified (cumplió lo que pides), approved (alguien lo aprobó) o still_subscribed (pasó el tiempo y sigue ahí).",
		"A referral can't be held until “{0}”. Use qualified (the invitee did what you ask), approved (somebody approved it) or still_subscribed (the time has passed and they are still there).",
	},
	codeUnknownApproval: {
		"«{0}» no es una forma de aprobar. Usa auto (cuenta sin que nadie intervenga) o manual (espera a que alguien lo apruebe).",
		"“{0}” isn't a way to approve. Use auto (it counts by itself) or manual (it waits until somebody approves it).",
	},
	codeHoldWithoutTime: {
		"Con still_subscribed hay que decir durante cuánto tiempo. Añade for, por ejemplo for: 7d.",
		"With still_subscribed it must be said for how long. Add for, such as for: 7d.",
	},
	codeUnknownVoidPolicy: {
		"«{0}» no dice qué hacer con el premio si se anula el referido que lo ganó. Usa keep (se conserva) o revoke (se retira).",
		"“{0}” doesn't say what happens to the reward when a referral that earned it is taken back. Use keep or revoke.",
	},
	codeUnknownPerson: {
		"«{0}» no es ninguna de las personas de un referido. Usa referrer (quien compartió el enlace) o invitee (quien llegó por él); sin for, el paso es para la persona con quien va el flujo.",
		"“{0}” is none of the people of a referral. Use referrer (who shared the link) or invitee (who came by it); without for, the step is for the person the flow runs for.",
	},
	codeRewardOfOtherTrigger: {
		"reward solo acompaña a on: reward_granted, y este disparador es {0}. Quita reward.",
		"reward goes only with on: reward_granted, and this trigger is {0}. Remove reward.",
	},
	codeUnknownRedemption: {
		"«{0}» no es una forma de canjear. Escribe redeem: once (se canjea una vez), o quita la clave si el premio no se canjea.",
		"“{0}” isn't a way to redeem. Write redeem: once, or remove the key if the reward isn't redeemed.",
	},
	codeStockWithoutCodes: {
		"low_stock avisa de que quedan pocos códigos, y este premio no los tiene. Añade codes: pool al premio o quita low_stock.",
		"low_stock warns that few codes are left, and this reward has none. Add codes: pool to the reward or remove low_stock.",
	},
	codeEveryOfNothing: {
		"reaches_every necesita un número de 1 en adelante: con 10 se cumple al llegar a 10, a 20, a 30 y así siempre.",
		"reaches_every needs a number of 1 or more: with 10 it holds on coming to 10, 20, 30 and so on.",
	},
	codeNeverExpires: {
		"El premio «{0}» no caduca, y {{reward.expires}} quedará vacío. Añade valid al premio, por ejemplo valid: 30d, o un texto de reserva.",
		"The reward “{0}” never expires, so {{reward.expires}} will be empty. Add valid to the reward, such as valid: 30d, or give the variable a fallback.",
	},
	codeRewardCircle: {
		"Lo que pasa al ganar «{0}» puede volver a dar «{0}». La segunda vez no se da nada, pero revisa que sea lo que quieres; indica en reward qué premio activa este disparador.",
		"What happens when “{0}” is earned may grant “{0}” again. The second time nothing is granted, but check that you mean it, and say under reward which one fires this trigger.",
	},
	codeForNobody: {
		"Solo una palabra clave lleva a este paso, y entonces no hay ningún {0}: no hará nada. Quita for, o llama al flujo desde un disparador.",
		"Only a keyword leads to this step, and then there is no {0}, so it will do nothing. Remove for, or run the flow from a trigger.",
	},
	codeForWhileHeld: {
		"«{0}» retiene sus referidos, y la bienvenida llega antes de que cuenten: este paso no le dará nada a quien invitó. Ponlo en un disparador como referred_new_contact.",
		"“{0}” holds its referrals, and the welcome comes before they count, so this step will give the referrer nothing. Put it in a trigger such as referred_new_contact.",
	},
	codeApprovedTwice: {
		"hold ya espera la aprobación, así que approval: manual repite lo mismo. Deja uno de los dos.",
		"The hold waits for approval already, so approval: manual says the same again. Keep one of the two.",
	},
	codeCapNeverMet: {
		"Este límite nunca se alcanza: {0} es {1} y {2} corta antes, en {3}. Baja {0} o quítalo.",
		"This limit is never met: {0} is {1}, and {2} stops at {3} before. Lower {0} or remove it.",
	},
	codeNeverQualified: {
		"Ningún punto de entrada de este disparador retiene referidos hasta qualified, así que nunca se activará. Añade hold: {until: qualified} al punto de entrada.",
		"No entry point of this trigger holds referrals until qualified, so it will never fire. Add hold: {until: qualified} to the entry point.",
	},
	codeReversedAnyway: {
		"Al anular un referido, lo que sumó se resta solo. Con este paso «{0}» bajaría dos veces: quítalo si solo querías deshacer la suma.",
		"What a referral added is taken off by itself when it is voided. With this step “{0}” would go down twice: remove it if all you want is to undo the addition.",
	},
	codeEmptyList: {
		"Aquí no hay ningún paso, así que no pasará nada. Añade uno, por ejemplo «- send: Hola».",
		"There are no steps here, so nothing will happen. Add one, for example “- send: Hello”.",
	},
	codeNoRewardBefore: {
		"Cuando se envía este mensaje no se ha dado ningún premio, y {{reward.code}} quedará vacío. Pon antes un grant_reward.",
		"No reward has been granted when this message is sent, so {{reward.code}} will be empty. Put a grant_reward before it.",
	},
	codeEqualsSkipped: {
		"«{0}» puede pasar de {2} a {3} sin valer nunca {1}, y la condición no se cumpliría. Usa reaches: {1}.",
		"“{0}” can go from {2} to {3} without ever being {1}, and the condition would not hold. Use reaches: {1}.",
	},
	codeAtLeastRepeats: {
		"Con {0}, esto se repite en cada referido a partir de ese valor de «{1}». Si debe ocurrir una sola vez, usa reaches.",
		"With {0}, this happens again at every referral once “{1}” is that high. If it should happen once, use reaches.",
	},
	codeReachesNeverHolds: {
		"Nada cambia «{0}» justo antes de esta condición, así que nunca se cumplirá. Súmale antes, en el mismo disparador y sin wait de por medio, o usa at_least.",
		"Nothing changes “{0}” just before this condition, so it will never hold. Add to the field first, in the same trigger and without a wait between, or use at_least.",
	},
	codeReachesTooEarly: {
		"La condición de un disparador se mira antes que sus pasos, y hasta ahí nada cambia «{0}»: nunca se cumplirá. Ponla en un if dentro de do, después de sumar, o usa at_least.",
		"A trigger's condition is looked at before its steps, and nothing changes “{0}” until then, so it will never hold. Put it in an if inside do, after adding, or use at_least.",
	},
	codeUnheardReply: {
		"Pulsar «{0}» no hará nada: ninguna palabra clave lo escucha. Añádelo a match en keywords, o quita el botón.",
		"Pressing “{0}” will do nothing, because no keyword listens to it. Add it to match under keywords, or remove the button.",
	},
	codeFlowNeverUsed: {
		"Nada lleva al flujo «{0}». Llámalo desde un punto de entrada, una palabra clave, un disparador u otro flujo, o quítalo.",
		"Nothing leads to the flow “{0}”. Use it in an entry point, a keyword, a trigger or another flow, or remove it.",
	},
	codeNobodyElse: {
		"Una palabra clave también lleva a este paso, y entonces «{0}» no tiene valor. Añade un texto de reserva: {{{0}|alguien}}.",
		"A keyword leads to this step too, and then “{0}” has no value. Give it a fallback: {{{0}|someone}}.",
	},
}
