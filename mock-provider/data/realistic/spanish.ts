import type { Phrasebook } from './phrasebook.ts'

export const spanish: Phrasebook = {
  language: 'Spanish',
  firstNames: ['Lucía', 'Javier', 'Carmen', 'Mateo', 'Valentina', 'Andrés', 'Inés', 'Diego', 'Rocío', 'Íñigo', 'Sofía'],
  lastNames: ['García', 'Fernández', 'Muñoz', 'Romero', 'Castillo', 'Ibáñez', 'Peña', 'Vargas', 'Núñez', 'Ortega'],
  companies: ['Panadería El Molino', 'Clínica Santa Ana', 'Talleres Peña', 'Viajes Aurora', 'Colegio San Martín'],
  greetings: ['Hola:', 'Buenos días:', 'Buenas tardes:', 'Estimados señores:', 'Hola, equipo de {company}:'],
  chatGreetings: ['hola', 'buenas', 'hola 👋', 'hola, una pregunta:', 'buenos días', ''],
  closings: ['Gracias de antemano.', 'Quedo a la espera de su respuesta.', 'Muchas gracias por la ayuda.', ''],
  signOffs: ['Un saludo', 'Saludos cordiales', 'Atentamente', 'Gracias'],
  mobileSignature: 'Enviado desde mi móvil',
  quoteHeadings: ['El {date}, Soporte de {company} escribió:', '----- Mensaje original del {date} -----'],
  quotedReplies: [
    'Gracias por escribirnos. Le responderemos en un plazo de dos días laborables.',
    '¿Podría enviarnos una foto y el número de pedido?',
    'Hemos pasado su caso al equipo técnico.',
    'Por favor, reinicie {product} y díganos si el problema continúa.',
  ],
  amount: (units, cents) => `${units},${String(cents).padStart(2, '0')} €`,
  dateLocale: 'es-ES',
  topics: [
    {
      name: 'double charge',
      subjects: ['Cobro duplicado {order}', 'Me han cobrado dos veces', 'Dos cargos de {amount}'],
      openings: [
        'Me han cobrado dos veces el pedido {order}.',
        'En mi cuenta aparecen dos cargos de {amount} del {date}.',
        'La página se quedó bloqueada al pagar y ahora tengo dos cargos de {amount}.',
      ],
      details: [
        'En la factura {invoice} figura una sola vez.',
        'Solo recibí un correo de confirmación.',
        'Los dos cargos ya son definitivos.',
      ],
      asks: ['Devuélvanme el segundo cargo, por favor.', '¿Pueden revisarlo y anular el duplicado?'],
    },
    {
      name: 'refund',
      subjects: ['Reembolso del pedido {order}', 'Devolución sin reembolso', '¿Cuándo me devuelven {amount}?'],
      openings: [
        'Devolví {product} hace {days} días.',
        'La devolución del pedido {order} llegó a su almacén el {date}.',
        'El producto no era lo que esperaba y lo mandé de vuelta.',
      ],
      details: [
        'Todavía no he recibido el dinero.',
        'Guardo el resguardo del envío.',
        'Su web promete cinco días laborables.',
      ],
      asks: ['Les pido el reembolso de {amount}.', '¿Cuándo llegará el reembolso?', 'No quiero un vale.'],
    },
    {
      name: 'chargeback threat',
      subjects: ['Último aviso: {order}', 'Voy a reclamar al banco', 'Esto es un fraude'],
      openings: [
        'Es la cuarta vez que escribo por el pedido {order} y nadie contesta.',
        'Nunca autoricé el cargo de {amount} del {date}.',
        'Siguen cobrándome aunque cancelé hace {days} días.',
      ],
      details: [
        'Es inaceptable y me parece un fraude.',
        'Tengo capturas de todos los mensajes.',
        'Mi banco ya está informado.',
      ],
      asks: ['Si no me devuelven el dinero hoy, pediré la retrocesión al banco.', 'De lo contrario, lo denunciaré.'],
    },
    {
      name: 'login',
      subjects: ['No puedo entrar en mi cuenta', 'No llega el correo para la contraseña', 'Cuenta bloqueada ({error})'],
      openings: [
        'No puedo iniciar sesión desde el {date}.',
        'No me llega el correo para cambiar la contraseña, ni siquiera al spam.',
        'Desde la versión {version} la sesión se cierra sola.',
      ],
      details: [
        'Solo aparece {error}.',
        'He probado con dos navegadores y el móvil.',
        'A un compañero con {plan} le pasa lo mismo.',
      ],
      asks: ['¿Pueden desbloquear mi cuenta?', 'Por favor, restablezcan el segundo factor.', '¿Qué más puedo hacer?'],
    },
    {
      name: 'privacy request',
      subjects: ['Derecho de acceso (RGPD)', 'Supresión de mis datos', 'Solicitud RGPD'],
      openings: [
        'Conforme al artículo 15 del RGPD solicito una copia de todos mis datos.',
        'Pido la supresión de mi cuenta y de mis datos según el artículo 17 del RGPD.',
        'Sigo recibiendo publicidad aunque me opuse hace {days} días.',
      ],
      details: [
        'Incluyan el pedido {order}.',
        'Nunca acepté que cedieran mi dirección a terceros.',
        'Indíquenme quién es su delegado de protección de datos.',
      ],
      asks: ['Confirmen la recepción y respondan en un mes.', 'Espero su confirmación por escrito.'],
    },
    {
      name: 'legal threat',
      subjects: ['Último plazo antes de la demanda: {order}', 'Mi abogado les escribirá', 'Reclamación formal'],
      openings: [
        'He encargado a mi abogado el asunto del pedido {order}.',
        'El {date} se incendió la batería ({product}) y dañó nuestra cocina.',
        'Han ignorado el plazo que les di hace {days} días.',
      ],
      details: [
        'Los daños suman {amount} por ahora.',
        'La oficina del consumidor está informada.',
        'Les hago responsables de todos los gastos.',
      ],
      asks: ['Si no responden en 7 días, presentaré una demanda.', 'Nos veremos en los tribunales.'],
    },
    {
      name: 'defect',
      subjects: ['{product} roto a los {days} días', '{product} dejó de funcionar', 'Llegó dañado: {order}'],
      openings: [
        'Dejó de funcionar a los {days} días ({product}).',
        'Hoy llegó el pedido {order} y la carcasa tiene una grieta.',
        'Cada vez que lo enciendo aparece {error}.',
      ],
      details: [
        'Lo he reiniciado y he instalado {version}, sin éxito.',
        'Adjunto una foto.',
        'Funcionaba bien hasta el {date}, luego empezó a hacer ruido.',
      ],
      asks: ['¿Me mandan otro?', '¿Lo cubre la garantía?', '¿Dónde lo envío para repararlo?'],
    },
    {
      name: 'outage',
      subjects: ['URGENTE: {product} caído', 'No funciona nada desde esta mañana', 'Caída total, {error}'],
      openings: [
        'Desde esta mañana no nos funciona nada ({product}).',
        'Desde {version} todas las peticiones fallan con {error}.',
        'No podemos tomar pedidos, la pantalla se queda en blanco.',
      ],
      details: [
        'Hay unas {days}0 personas paradas.',
        'Su página de estado dice que todo va bien, y no es verdad.',
        'Es la segunda vez desde el {date}.',
      ],
      asks: ['Trátenlo como urgente, por favor.', 'Necesitamos a alguien al teléfono ya.', '¿Cuándo volverá?'],
    },
    {
      name: 'late delivery',
      subjects: ['¿Dónde está mi pedido {order}?', 'Entrega con {days} días de retraso', 'El seguimiento no avanza'],
      openings: [
        'El pedido {order} tenía que llegar el {date}.',
        'El seguimiento lleva {days} días sin moverse ({product}).',
        'El transportista dice que está entregado, pero aquí no hay nada.',
      ],
      details: [
        'Los vecinos tampoco lo tienen.',
        'Es un regalo de cumpleaños.',
        'Me quedé dos días en casa esperando.',
      ],
      asks: ['¿Dónde está?', 'Vuelvan a enviarlo o cancelen el pedido.', '¿Pueden preguntar al transportista?'],
    },
    {
      name: 'feature request',
      subjects: ['Sugerencia para {product}', 'Idea: exportar en {plan}', 'Modo oscuro'],
      openings: [
        'Usamos {product} a diario y nos falta una cosa.',
        'Sería estupendo exportar el resumen mensual a una hoja de cálculo.',
        'Un modo oscuro sería genial 😊',
      ],
      details: [
        'En {version} lo copio todo a mano.',
        'Otros programas del precio de {plan} lo tienen.',
        'Nos ahorraría {days} horas a la semana.',
      ],
      asks: ['¿Está previsto?', '¿Se lo pueden pasar al equipo de producto?'],
    },
    {
      name: 'how to',
      subjects: ['Pregunta sobre {product}', 'Cambiar la dirección de facturación', 'Duda sobre {plan}'],
      openings: [
        'Tengo una duda sobre {product}.',
        '¿Cómo cambio la dirección de la factura {invoice}?',
        'Queremos pasar {plan} a pago anual.',
      ],
      details: ['No lo encontré en la ayuda.', 'En {version} el menú es distinto.', 'El número de pedido es {order}.'],
      asks: ['¿Dónde lo encuentro?', 'Con un enlace me basta.', 'No corre prisa.'],
    },
    {
      name: 'cancellation',
      subjects: ['Baja de {plan}', 'Cancelar el pedido {order}', 'Quiero cancelar mi suscripción'],
      openings: [
        'Quiero dar de baja {plan} lo antes posible.',
        'Cancelen el pedido {order}, me equivoqué de talla.',
        'Ya no necesitamos {product}.',
      ],
      details: [
        'El botón de cancelar lleva a {error}.',
        'La subida de precio del {date} es demasiado.',
        'Nuestro proyecto ha terminado.',
      ],
      asks: ['Confírmenme la baja por escrito.', 'Que no se cobre nada después del {date}.'],
    },
    {
      name: 'praise',
      subjects: ['¡Gracias!', 'Un servicio excelente', 'Enhorabuena al equipo'],
      openings: [
        'Solo quería dar las gracias, llegó a los {days} días y va de maravilla ({product}).',
        'Su compañera al teléfono el {date} fue encantadora.',
        'Nos pasamos a {plan} y estamos encantados.',
      ],
      details: [
        'La instalación duró diez minutos.',
        'Hasta la actualización a {version} fue perfecta.',
        'El pedido {order} venía embalado con mucho cariño.',
      ],
      asks: ['¡Transmítanlo, por favor! ⭐', 'Sigan así.', 'No hay que hacer nada, que tengan un buen día.'],
    },
    {
      name: 'false alarm',
      subjects: ['No es urgente: {invoice}', 'Ya está resuelto', 'No hace falta reembolso'],
      openings: [
        'Esto no es urgente, solo quería avisar.',
        'Olviden mi mensaje del {date}, ya no estoy enfadada.',
        'Nuestro departamento legal agradece la rápida respuesta sobre {invoice}.',
      ],
      details: [
        'No estaba roto ({product}), simplemente no estaba enchufado 😅',
        'El segundo cargo de {amount} desapareció solo.',
        'El enlace de descarga vuelve a funcionar.',
      ],
      asks: ['No hace falta reembolso.', 'Pueden cerrar el caso.'],
    },
  ],
}
