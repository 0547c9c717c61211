// What the page says by itself, in its readers' languages. What the markup says is in chat.html.
const spoken = {
  es: {
    you: 'Tú:',
    bot: 'Bot:',
    picture: 'Imagen',
    quickReplies: 'Respuestas rápidas',
    sending: 'Enviando…',
    retry: 'No se envió. Reintentar',
    refused: 'No se pudo enviar.',
    edit: 'Editar',
    copy: 'Copiar enlace',
    copied: 'Enlace copiado',
    copyByHand: 'No se pudo copiar. El enlace quedó seleccionado: cópialo desde ahí.',
    share: 'Compartir',
    offline: 'Sin conexión. Lo que escribas se enviará en cuanto vuelva.',
    reconnecting: 'Reconectando…',
    locked: 'Tu navegador no deja que el chat te reconozca. Permite las cookies de este sitio y recarga la página.',
    lockedHere: 'Tu navegador no deja que el chat te reconozca dentro de esta página.',
    openApart: 'Abrir el chat en otra pestaña',
  },
  en: {
    you: 'You:',
    bot: 'Bot:',
    picture: 'Picture',
    quickReplies: 'Quick replies',
    sending: 'Sending…',
    retry: 'Not sent. Try again',
    refused: 'Couldn’t be sent.',
    edit: 'Edit',
    copy: 'Copy link',
    copied: 'Link copied',
    copyByHand: 'Couldn’t copy. The link is selected now: copy it from there.',
    share: 'Share',
    offline: 'You’re offline. What you write will be sent as soon as you’re back.',
    reconnecting: 'Reconnecting…',
    locked: 'Your browser won’t let the chat recognise you. Allow cookies for this site and reload the page.',
    lockedHere: 'Your browser won’t let the chat recognise you inside this page.',
    openApart: 'Open the chat in a tab of its own',
  },
};

export const language = document.documentElement.lang === 'es' ? 'es' : 'en';
export const words = spoken[language];
