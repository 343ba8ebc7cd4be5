// The emoji that bots and people use most; an unknown name is shown as it was written.

export const EMOJI = {
  "+1": "👍", thumbsup: "👍", "-1": "👎", thumbsdown: "👎", eyes: "👀", white_check_mark: "✅", heavy_check_mark: "✔️",
  x: "❌", warning: "⚠️", no_entry: "⛔", no_entry_sign: "🚫", tada: "🎉", rocket: "🚀", fire: "🔥", sparkles: "✨",
  star: "⭐", star2: "🌟", wave: "👋", clap: "👏", raised_hands: "🙌", pray: "🙏", muscle: "💪", ok_hand: "👌",
  heart: "❤️", broken_heart: "💔", blue_heart: "💙", green_heart: "💚", smile: "😄", smiley: "😃", grinning: "😀",
  joy: "😂", laughing: "😆", wink: "😉", blush: "😊", slightly_smiling_face: "🙂", thinking_face: "🤔", cry: "😢",
  sob: "😭", scream: "😱", sweat_smile: "😅", sunglasses: "😎", nerd_face: "🤓", robot_face: "🤖", ghost: "👻",
  hourglass: "⌛", hourglass_flowing_sand: "⏳", stopwatch: "⏱️", alarm_clock: "⏰", clock1: "🕐", calendar: "📅",
  date: "📅", chart_with_upwards_trend: "📈", chart_with_downwards_trend: "📉", bar_chart: "📊", clipboard: "📋",
  memo: "📝", pencil: "📝", page_facing_up: "📄", page_with_curl: "📃", books: "📚", book: "📖", bookmark: "🔖",
  file_folder: "📁", open_file_folder: "📂", card_index: "📇", package: "📦", inbox_tray: "📥", outbox_tray: "📤",
  link: "🔗", paperclip: "📎", pushpin: "📌", round_pushpin: "📍", mag: "🔍", mag_right: "🔎", bulb: "💡", wrench: "🔧",
  hammer: "🔨", gear: "⚙️", hammer_and_wrench: "🛠️", key: "🔑", lock: "🔒", unlock: "🔓", bell: "🔔", mega: "📣",
  loudspeaker: "📢", speech_balloon: "💬", thought_balloon: "💭", moneybag: "💰", dollar: "💵", money_with_wings: "💸",
  coin: "🪙", brain: "🧠", dart: "🎯", trophy: "🏆", medal: "🏅", checkered_flag: "🏁", crossed_flags: "🎌",
  triangular_flag_on_post: "🚩", red_circle: "🔴", large_orange_circle: "🟠", large_yellow_circle: "🟡",
  large_green_circle: "🟢", large_blue_circle: "🔵", large_purple_circle: "🟣", white_circle: "⚪", black_circle: "⚫",
  arrow_right: "➡️", arrow_left: "⬅️", arrow_up: "⬆️", arrow_down: "⬇️", arrows_counterclockwise: "🔄", repeat: "🔁",
  rewind: "⏪", fast_forward: "⏩", arrow_forward: "▶️", black_square_for_stop: "⏹️", octagonal_sign: "🛑", stop_sign: "🛑",
  information_source: "ℹ️", question: "❓", grey_question: "❔", exclamation: "❗", heavy_plus_sign: "➕",
  heavy_minus_sign: "➖", wastebasket: "🗑️", floppy_disk: "💾", computer: "💻", desktop_computer: "🖥️", satellite: "🛰️",
  seedling: "🌱", sunny: "☀️", cloud: "☁️", zap: "⚡", snowflake: "❄️", rainbow: "🌈", coffee: "☕", pizza: "🍕",
  beers: "🍻", cake: "🍰", gift: "🎁", balloon: "🎈", art: "🎨", microscope: "🔬", test_tube: "🧪", alembic: "⚗️",
  one: "1️⃣", two: "2️⃣", three: "3️⃣", four: "4️⃣", five: "5️⃣", bust_in_silhouette: "👤", busts_in_silhouette: "👥",
  crown: "👑", shield: "🛡️", new: "🆕", ok: "🆗", free: "🆓", construction: "🚧", rotating_light: "🚨", ballot_box_with_check: "☑️",
};

export const QUICK = ["thumbsup", "eyes", "white_check_mark", "tada", "heart", "joy", "thinking_face", "rocket"];

export const emoji = (name) => EMOJI[name.split("::")[0]] || `:${name}:`;
