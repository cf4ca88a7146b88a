//! Prints how long a question takes and how much memory the process holds: `measure FOLDER`.

use std::time::Instant;

use encoder::Encoder;

const QUESTIONS: [&str; 4] = [
    "How much does teeth whitening cost?",
    "are you open on sundays",
    "I need to move my appointment on Friday to next week, is that possible?",
    "Do you take Delta Dental insurance and can I pay the rest in installments?",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("measure FOLDER")?;
    let started = Instant::now();
    let encoder = Encoder::load(folder.as_ref())?;
    println!("load_ms: {:.0}", started.elapsed().as_secs_f64() * 1e3);
    let mut times = Vec::new();
    for question in QUESTIONS.iter().cycle().take(200) {
        let started = Instant::now();
        encoder.embed(&[question])?;
        times.push(started.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    println!("question_ms_p50: {:.1}", times[times.len() / 2]);
    println!("question_ms_p95: {:.1}", times[times.len() * 95 / 100]);
    let long = "Our front desk is open from eight to six and answers every question on prices and plans. ".repeat(15);
    let batch = vec![long.as_str(); 32];
    let started = Instant::now();
    encoder.embed(&batch)?;
    println!("chunk_ms: {:.1}", started.elapsed().as_secs_f64() * 1e3 / 32.0);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    for line in status.lines().filter(|l| l.starts_with("VmRSS") || l.starts_with("VmHWM")) {
        println!("{}", line.replace('\t', " "));
    }
    Ok(())
}
