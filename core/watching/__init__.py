"""What liveness concludes: from beats, pulses and time to alive, silent and isolated. It knows no incident."""
